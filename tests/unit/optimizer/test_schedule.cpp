// SPDX-License-Identifier: Apache-2.0
#include "optimizer/schedule.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

using ebmpi::optimizer::Schedule;
using ebmpi::optimizer::ScheduleKind;

namespace {
bool near(double left, double right) {
  return std::abs(left - right) < 1e-15;
}
}  // namespace

TEST_CASE("a constant schedule is constant after its linear warm-up", "[optimizer][schedule]") {
  Schedule rate{ScheduleKind::constant, 0.2, 100, 0, 1, 1.0, 0.0};
  CHECK(rate(1) == 0.2);
  CHECK(rate(100) == 0.2);
  rate.warmup_steps = 4;
  CHECK(near(rate(1), 0.05));
  CHECK(near(rate(3), 0.15));
  CHECK(rate(4) == 0.2);
  CHECK(rate(5) == 0.2);
}

TEST_CASE("a step schedule falls every so many steps after the warm-up", "[optimizer][schedule]") {
  const Schedule rate{ScheduleKind::step, 1.0, 1000, 10, 5, 0.5, 0.0};
  CHECK(near(rate(5), 0.5));
  CHECK(rate(11) == 1.0);
  CHECK(rate(15) == 1.0);
  CHECK(rate(16) == 0.5);
  CHECK(rate(20) == 0.5);
  CHECK(rate(21) == 0.25);
}

TEST_CASE("a cosine schedule goes from the full rate to the final fraction", "[optimizer][schedule]") {
  const Schedule rate{ScheduleKind::cosine, 2.0, 15, 4, 1, 1.0, 0.1};
  CHECK(near(rate(4), 2.0));
  CHECK(near(rate(5), 2.0));
  CHECK(near(rate(10), 1.1));  // half way between 2.0 and 0.2
  CHECK(std::abs(rate(15) - 0.2) < 1e-15);
  CHECK(rate(40) == rate(15));
  for (int step = 5; step < 15; ++step) CHECK(rate(step + 1) < rate(step));
  const Schedule only_warmup{ScheduleKind::cosine, 2.0, 4, 4, 1, 1.0, 0.1};
  CHECK(only_warmup(4) == 2.0);
}
