// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>

#include "statistics/chi_square_quantile.hpp"

using namespace ebmpi;
using Catch::Matchers::WithinRel;

TEST_CASE("quantiles of chi-squared are those of the tables", "[statistics]") {
  // R's qchisq.
  CHECK_THAT(statistics::chi_square_quantile(0.95, 1), WithinRel(3.841458820694124, 1e-10));
  CHECK_THAT(statistics::chi_square_quantile(0.95, 2), WithinRel(-2.0 * std::log(0.05), 1e-12));
  CHECK_THAT(statistics::chi_square_quantile(0.5, 10), WithinRel(9.341818, 1e-7));
  CHECK_THAT(statistics::chi_square_quantile(0.99, 100), WithinRel(135.8067, 1e-6));
  CHECK(std::isnan(statistics::chi_square_quantile(1.0, 2)));
}
