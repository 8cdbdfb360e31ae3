// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <thread>

#include "training/phase_clock.hpp"

using namespace ebmpi::training;

TEST_CASE("a phase lasts as long as its scope") {
  PhaseClock clock;
  {
    const PhaseClock::Scope scope(clock, Phase::chains);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  {
    const PhaseClock::Scope scope(clock, Phase::chains);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(clock.seconds(Phase::chains) >= 0.04);
  CHECK(clock.seconds(Phase::gradient) == 0.0);
  CHECK(describe(clock).ends_with(": chains 100 %"));
}

TEST_CASE("a clock that has not run says so") {
  CHECK(describe(PhaseClock()) == "time 0.0 s");
}
