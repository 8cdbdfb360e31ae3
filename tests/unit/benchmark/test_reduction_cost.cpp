// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "benchmark/reductions.hpp"

using namespace ebmpi::benchmark;

TEST_CASE("latency and time per byte are found where they are exact") {
  ReductionCost cost;
  for (const std::int64_t bytes : {8, 512, 32768, 2097152}) {
    cost.measured.push_back({bytes, 5e-6 + 2.5e-10 * static_cast<double>(bytes)});
  }
  fit_cost(cost);
  CHECK(cost.latency == Catch::Approx(5e-6).epsilon(1e-9));
  CHECK(cost.seconds_per_byte == Catch::Approx(2.5e-10).epsilon(1e-9));
}

TEST_CASE("a fit has no negative cost, and one of too little is none") {
  ReductionCost falling;
  falling.measured = {{8, 4e-6}, {1 << 20, 1e-6}};
  fit_cost(falling);
  CHECK(falling.seconds_per_byte >= 0.0);
  CHECK(falling.latency >= 0.0);
  ReductionCost single;
  single.measured = {{8, 4e-6}};
  fit_cost(single);
  CHECK(single.latency == 0.0);
}
