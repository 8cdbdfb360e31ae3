// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "statistics/density_errors.hpp"
#include "support/gaussian_rows.hpp"

using Catch::Approx;
using namespace ebmpi;
using namespace ebmpi::statistics;

namespace {

using Numbers = std::vector<double>;

bool agrees(const Estimate& estimate, double expected) {
  return std::abs(estimate.value - expected) < 4 * estimate.standard_error;
}

}  // namespace

TEST_CASE("Means and standard errors by hand", "[statistics]") {
  // Rows (1, 2) and (0, 2) from (0, 0): squares 5 and 4, mean 4.5, variance ½, error √(½/2).
  const Estimate found = fisher_divergence(Numbers{1, 2, 0, 2}, Numbers{0, 0, 0, 0}, 2);
  CHECK(found.value == 4.5);
  CHECK(found.standard_error == 0.5);
  // Δ = 1, 3: mean 2, error √(2/2); squares 1, 9: mean 5, error √(32/2).
  const LogDensityError error = log_density_error(Numbers{0, 1}, Numbers{-1, -2});
  CHECK(error.bias.value == 2);
  CHECK(error.bias.standard_error == 1);
  CHECK(error.mean_square.value == 5);
  CHECK(error.mean_square.standard_error == 4);
  CHECK(std::isnan(mean_of(Numbers{3}).standard_error));
}

TEST_CASE("Errors of a Gaussian model of a Gaussian are their closed forms", "[statistics]") {
  // Truth N(0, I) in two dimensions, model N(μ, s² I). Along each axis s_model - s_true = (1 - 1/s²) x +
  // μ/s², and Δ = a x² + b x + c with a = ½(1 - 1/s²), b = μ/s², c = -μ²/(2s²) - log s, so that E Δ = a + c
  // and Var Δ = 2a² + b².
  const double mean = 0.4, s = 1.3, a = 0.5 * (1 - 1 / (s * s)), b = mean / (s * s);
  const double c = -mean * mean / (2 * s * s) - std::log(s);
  const Numbers x = test::gaussian_rows(20000, 2, 1);
  Numbers score_of_model, score_of_truth, log_model, log_truth;
  for (std::size_t i = 0; i < x.size(); ++i) {
    score_of_model.push_back(-(x[i] - mean) / (s * s));
    score_of_truth.push_back(-x[i]);
    if (i % 2 == 1) continue;
    const double log_2_pi = std::log(2 * std::acos(-1.0));
    const auto square = [&](double from) { return std::pow(x[i] - from, 2) + std::pow(x[i + 1] - from, 2); };
    log_truth.push_back(-0.5 * square(0) - log_2_pi);
    log_model.push_back(-0.5 * square(mean) / (s * s) - 2 * std::log(s) - log_2_pi);
  }
  CHECK(agrees(fisher_divergence(score_of_model, score_of_truth, 2), 2 * (4 * a * a + b * b)));
  const LogDensityError error = log_density_error(log_model, log_truth);
  const double bias = 2 * (a + c), variance = 2 * (2 * a * a + b * b);
  CHECK(agrees(error.bias, bias));
  CHECK(agrees(error.mean_square, bias * bias + variance));
  CHECK(error.bias.standard_error == Approx(std::sqrt(variance / 20000)).epsilon(0.05));
}

TEST_CASE("Errors of densities refuse unequal sizes, and of what is not finite say NaN", "[statistics]") {
  const Numbers x{0, 1, 2, 3}, broken{0, -std::numeric_limits<double>::infinity(), 2, 3};
  CHECK_THROWS_AS(fisher_divergence(x, x, 3), std::invalid_argument);
  CHECK_THROWS_AS(fisher_divergence(x, Numbers{1}, 1), std::invalid_argument);
  CHECK_THROWS_AS(log_density_error(x, Numbers{1}), std::invalid_argument);
  CHECK_THROWS_AS(log_density_error({}, {}), std::invalid_argument);
  CHECK(std::isnan(fisher_divergence(x, broken, 2).value));
  CHECK(std::isnan(log_density_error(broken, x).bias.value));
}
