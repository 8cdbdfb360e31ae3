// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "comm/communicator.hpp"
#include "selftest/groups.hpp"
#include "selftest/selftest.hpp"

using namespace ebmpi;
using selftest::Check;

TEST_CASE("the rank with the largest error is named") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const int last = world.size() - 1;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Check> worst = selftest::worst_of_ranks(
      world, {{"same", 0.5, 1.0, "exact"},
              {"grows", static_cast<double>(world.rank()), 0.5, "exact"},
              {"one fails", world.rank() == last ? nan : 0.1 * (last - world.rank()), 1.0, "exact"}});
  REQUIRE(worst.size() == 3);
  CHECK(worst[0].error == 0.5);
  CHECK(worst[0].rank == 0);
  CHECK(worst[0].passed());
  CHECK(worst[1].error == last);
  CHECK(worst[1].rank == last);
  CHECK(worst[1].passed() == (last == 0));
  CHECK(std::isnan(worst[2].error));
  CHECK(worst[2].rank == last);
  CHECK_FALSE(worst[2].passed());
}

TEST_CASE("random numbers and exact sums are right on every rank") {
  const comm::Communicator world(MPI_COMM_WORLD);
  for (const Check& check : selftest::worst_of_ranks(world, selftest::core_checks(world).checks())) {
    INFO(check.name << ": error " << check.error << " on rank " << check.rank);
    CHECK(check.passed());
  }
}
