// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>

#include "inference/report.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Two parameters, sure of themselves.
Estimate good_estimate() {
  Estimate estimate;
  estimate.parameters = {{"rate", 1.5, 0.25, 0.01, 1.0, 2.0}, {"a,b", -3.0, 0.5, 0.02, -4.0, -2.0}};
  estimate.confidence = 0.95;
  estimate.covariance = {0.0625, 0.0, 0.0, 0.25};
  return estimate;
}

}  // namespace

TEST_CASE("an estimate is told as a table", "[inference]") {
  CHECK(describe(good_estimate()) ==
        "parameter      estimate  standard error               95 % interval\n"
        "rate                1.5            0.25             1             2\n"
        "a,b                  -3             0.5            -4            -2\n");
  const std::vector<std::string> columns = metrics_columns({{"rate", 0.0, 1.0}, {"a,b", 0.0, 1.0}});
  CHECK(columns[1] == "rate");
  CHECK(columns[2] == "a_b");
}

TEST_CASE("what to know before believing an estimate is said", "[inference]") {
  const Estimate good = good_estimate();
  CHECK(warnings_about(good, 0.3, {}).empty());
  const auto only = [](const Estimate& estimate, double explained, const simulation::Tally& tally) {
    const std::vector<std::string> warnings = warnings_about(estimate, explained, tally);
    REQUIRE(warnings.size() == 1);
    return warnings.front();
  };
  CHECK_THAT(only(good, 0.99, {}), ContainsSubstring("use a smaller inference.width"));
  CHECK_THAT(only(good, 0.001, {}), ContainsSubstring("use a larger inference.width"));
  CHECK_THAT(only(good, 0.3, {.truncated_rows = 3}), ContainsSubstring("3 simulations stood still"));
  Estimate moving = good;
  moving.drift = 2.5;
  CHECK_THAT(only(moving, 0.3, {}), ContainsSubstring("differ by 2.5 standard errors"));
  Estimate noisy = good;
  noisy.parameters[1].simulation_error = 0.4;
  CHECK_THAT(only(noisy, 0.3, {}), ContainsSubstring("up to 80 % of a standard error"));
  Estimate blind = good;
  blind.covariance.clear();
  for (ParameterEstimate& parameter : blind.parameters)
    parameter.standard_error = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(only(blind, 0.0, {}), ContainsSubstring("tell nothing of some direction"));
}
