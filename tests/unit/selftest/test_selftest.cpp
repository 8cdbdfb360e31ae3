// SPDX-License-Identifier: Apache-2.0
#include "selftest/selftest.hpp"

#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "comm/communicator.hpp"

using namespace ebmpi;
using selftest::Check;

namespace {

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = selftest::run_selftest(comm::Communicator(MPI_COMM_SELF));
  return checks;
}

}  // namespace

TEST_CASE("every check of the program passes", "[selftest]") {
  std::set<std::string> names;
  for (const Check& check : all_checks()) {
    INFO(check.name << ": error " << check.error << ", tolerance " << check.tolerance << ", " << check.basis);
    CHECK(check.passed());
    CHECK(check.rank == 0);
    CHECK_FALSE(check.basis.empty());
    CHECK(std::isfinite(check.tolerance));
    CHECK(names.insert(check.name).second);
  }
}

TEST_CASE("every objective is checked at every dimension", "[selftest]") {
  std::set<std::string> names;
  for (const Check& check : all_checks()) names.insert(check.name);
  for (const char* dimension : {", D = 1", ", D = 2", ", D = 8", ", D = 32"}) {
    for (const std::string name :
         {"exact score matching", "sliced score matching, signs", "sliced score matching, normal",
          "Hutchinson score matching, signs", "Hutchinson score matching, normal",
          "score network, exact score matching", "score network, sliced score matching, signs", "denoising",
          "denoising, antithetic", "denoising, two levels", "score network, denoising", "noise contrast",
          "ranking noise contrast", "conditional noise contrast", "energy discrepancy",
          "contrastive divergence"}) {
      INFO(name << dimension);
      CHECK(names.contains(name + dimension + ": gradient"));
      if (name == "contrastive divergence") continue;  // linear in the energy: no minimum
      const auto minimum = names.lower_bound(name + dimension + ": minimum at 1");
      REQUIRE(minimum != names.end());
      CHECK(minimum->starts_with(name + dimension + ": minimum at 1"));
    }
    CHECK(names.contains(std::string("Langevin") + dimension + ": stationary variance T/(a(1 - aη/2))"));
  }
}

TEST_CASE("a check passes within its tolerance, and never with a NaN", "[selftest]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(Check{"", 1.0, 1.0, ""}.passed());
  CHECK_FALSE(Check{"", 1.5, 1.0, ""}.passed());
  CHECK_FALSE(Check{"", nan, 1.0, ""}.passed());
  selftest::CheckList list;
  list.compare("a", std::vector{1.0, nan, 2.0}, std::vector{1.0, 1.0, 9.0}, selftest::exact());
  CHECK(std::isnan(list.checks()[0].error));
  list.compare("b", std::vector{1.0, 2.0, 3.5}, std::vector{1.5, 0.0, 3.0}, selftest::exact());
  CHECK(list.checks()[1].error == 2.0);
  CHECK_THROWS_AS(list.compare("c", std::vector{1.0}, std::vector{1.0, 2.0}, selftest::exact()),
                  std::invalid_argument);
}

TEST_CASE("tolerances are what their names say", "[selftest]") {
  CHECK(selftest::roundings(3, 2.0).value == 6.0 * 0x1p-24);
  CHECK(selftest::roundings(3, 2.0).basis == "3 roundings");
  CHECK(selftest::standard_errors(0.5).value == 2.0);
  CHECK(selftest::exact().value == 0.0);
}
