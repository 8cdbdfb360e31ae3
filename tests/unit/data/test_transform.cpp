// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "data/fit_transform.hpp"
#include "data/synthetic.hpp"
#include "data/transform.hpp"

using namespace ebmpi::data;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using ebmpi::core::InputError;

namespace {

using Numbers = std::vector<double>;

/// Moments of rows (N, D) about their first row.
Moments moments_of(const Numbers& x, std::size_t width) {
  Moments moments{static_cast<std::int64_t>(x.size() / width),
                  Numbers(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(width)), Numbers(width, 0.0),
                  Numbers(width * width, 0.0)};
  for (std::size_t row = 0; row < x.size(); row += width) {
    for (std::size_t i = 0; i < width; ++i) {
      moments.sum[i] += x[row + i] - x[i];
      for (std::size_t j = i; j < width; ++j)  // the lower triangle stays 0: it is not read
        moments.product_sum[i * width + j] += (x[row + i] - x[i]) * (x[row + j] - x[j]);
    }
  }
  return moments;
}

void check_close(const Numbers& actual, const Numbers& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) CHECK_THAT(actual[i], WithinAbs(expected[i], tolerance));
}

const double cos30 = std::sqrt(3.0) / 2.0, sin30 = 0.5;

/// Data whose covariance is exactly R(30°) diag(9, 1) R(30°)ᵀ about the mean (10, -20): four corners along
/// the axes.
Numbers rotated_cross() {
  const double root2 = std::sqrt(2.0);
  Numbers x;
  for (const double sign : {1.0, -1.0}) {
    x.insert(x.end(), {10.0 + sign * 3.0 * root2 * cos30, -20.0 + sign * 3.0 * root2 * sin30});
    x.insert(x.end(), {10.0 - sign * root2 * sin30, -20.0 + sign * root2 * cos30});
  }
  return x;
}

}  // namespace

TEST_CASE("rows are standardised and back", "[data][transform]") {
  const DataTransform transform({1.0, -2.0}, {2.0, 0.5});
  Numbers z(4), back(4);
  transform.to_model(Numbers{3.0, -2.0, 1.0, -1.0}, z);
  CHECK(z == Numbers{1.0, 0.0, 0.0, 2.0});
  transform.to_data(z, back);
  CHECK(back == Numbers{3.0, -2.0, 1.0, -1.0});
  CHECK_THAT(transform.log_volume(), WithinAbs(0.0, 1e-15));  // log 2 + log 1/2
  CHECK_THAT(DataTransform({0.0, 0.0}, {2.0, 3.0}).log_volume(), WithinRel(std::log(6.0), 1e-15));
}

TEST_CASE("a projection keeps the chosen directions", "[data][transform]") {
  const DataTransform transform({1.0, 1.0, 1.0}, {1.0, 2.0, 5.0}, {0.6, 0.8, 0.0});
  CHECK(transform.model_dimension() == 1);
  Numbers z(2), x(6);
  transform.to_model(Numbers{2.0, 5.0, 9.0, 1.0, 1.0, 1.0}, z);
  check_close(z, {0.6 * 1.0 + 0.8 * 2.0, 0.0}, 1e-15);
  transform.to_data(Numbers{1.0, 0.0}, x);
  check_close(x, {1.6, 1.0 + 2.0 * 0.8, 1.0, 1.0, 1.0, 1.0}, 1e-15);
  Numbers round_trip(2);
  transform.to_model(x, round_trip);
  check_close(round_trip, {1.0, 0.0}, 1e-15);
  CHECK_THROWS_AS(transform.log_volume(), InputError);
}

TEST_CASE("scores follow the chain rule", "[data][transform]") {
  // The score of log p(z) = -|z|²/2 is -z; in data space it must be the gradient of x ↦ log p(z(x)).
  for (const Numbers& projection : {Numbers{}, Numbers{0.6, 0.8, 0.0, 0.0, 0.0, 1.0}}) {
    const DataTransform transform({0.5, -1.0, 2.0}, {1.5, 0.2, 4.0}, projection);
    const auto log_p = [&](const Numbers& x) {
      Numbers z(static_cast<std::size_t>(transform.model_dimension()));
      transform.to_model(x, z);
      double sum = 0.0;
      for (const double coordinate : z) sum -= 0.5 * coordinate * coordinate;
      return sum;
    };
    const Numbers x = {0.9, -1.3, 7.0};
    Numbers score_z(static_cast<std::size_t>(transform.model_dimension())), score_x(3);
    transform.to_model(x, score_z);
    for (double& coordinate : score_z) coordinate = -coordinate;
    transform.score_to_data(score_z, score_x);
    for (std::size_t i = 0; i < 3; ++i) {
      Numbers above = x, below = x;
      above[i] += 1e-3;
      below[i] -= 1e-3;
      // Central differences are exact for a quadratic up to rounding.
      CHECK_THAT(score_x[i], WithinAbs((log_p(above) - log_p(below)) / 2e-3, 1e-9));
    }
  }
}

TEST_CASE("log densities change by the volume", "[data][transform]") {
  // N(mean, scale²) in data space, from N(0, 1) in model space.
  const DataTransform transform({3.0}, {0.25});
  Numbers z(1);
  transform.to_model(Numbers{3.5}, z);
  const double log_two_pi = std::log(2.0 * std::acos(-1.0));
  const double log_p_z = -0.5 * (z[0] * z[0] + log_two_pi);
  const double expected = -0.5 * (std::pow(0.5 / 0.25, 2) + log_two_pi) - std::log(0.25);
  CHECK_THAT(log_p_z - transform.log_volume(), WithinAbs(expected, 1e-14));
}

TEST_CASE("transformations that make no sense are refused", "[data][transform]") {
  CHECK_THROWS_AS(DataTransform({1.0}, {1.0, 2.0}), InputError);
  CHECK_THROWS_AS(DataTransform({}, {}), InputError);
  CHECK_THROWS_AS(DataTransform({1.0}, {0.0}), InputError);
  CHECK_THROWS_AS(DataTransform({1.0}, {std::nan("")}), InputError);
  CHECK_THROWS_AS(DataTransform({1.0, 1.0}, {1.0, 1.0}, {1.0, 0.0, 0.0}), InputError);
}

TEST_CASE("mean and population standard deviation are fitted", "[data][transform]") {
  const Numbers x = {1.0, 7.0, 2.0, 7.0, 6.0, 7.0};  // column 0: mean 3, variance 14/3; column 1 is constant
  const FittedTransform fitted = fit_transform(moments_of(x, 2), Standardization::per_column, 0);
  check_close(fitted.transform.mean(), {3.0, 7.0}, 1e-14);
  check_close(fitted.transform.scale(), {std::sqrt(14.0 / 3.0), 1.0}, 1e-14);
  CHECK(fitted.constant_columns == std::vector<std::int64_t>{1});
  const FittedTransform unchanged = fit_transform(moments_of(x, 2), Standardization::none, 0);
  CHECK(unchanged.transform.mean() == Numbers{0.0, 0.0});
  CHECK(unchanged.transform.scale() == Numbers{1.0, 1.0});
}

TEST_CASE("variances alone are enough without components", "[data][transform]") {
  const Moments moments{4, {5.0, 0.0}, {4.0, 0.0}, {20.0, 16.0}};
  const FittedTransform fitted = fit_transform(moments, Standardization::per_column, 0);
  CHECK(fitted.transform.mean() == Numbers{6.0, 0.0});
  CHECK(fitted.transform.scale() == Numbers{2.0, 2.0});
  CHECK_THROWS_AS(fit_transform(moments, Standardization::per_column, 1), InputError);
}

TEST_CASE("a constant column far from its shift counts as constant", "[data][transform]") {
  // With correctly rounded sums, the variance about a shift of 0 is pure rounding, of either sign.
  for (const double value : {0.1, 0.3, 0.7, 1.1, 12345.678}) {
    const double n = 1e6;
    const Moments moments{1000000, {0.0}, {n * value}, {n * (value * value)}};
    const FittedTransform fitted = fit_transform(moments, Standardization::per_column, 0);
    CHECK(fitted.constant_columns.size() == 1);
    CHECK(fitted.transform.scale() == Numbers{1.0});
  }
}

TEST_CASE("a small spread on a large offset is not mistaken for constant", "[data][transform]") {
  const Numbers x = {1e6 + 1e-3, 1e6 - 1e-3};
  const FittedTransform fitted = fit_transform(moments_of(x, 1), Standardization::per_column, 0);
  CHECK(fitted.constant_columns.empty());
  CHECK_THAT(fitted.transform.scale()[0], WithinRel(1e-3, 1e-6));
}

TEST_CASE("principal components of a known rotation are found", "[data][transform]") {
  const FittedTransform fitted = fit_transform(moments_of(rotated_cross(), 2), Standardization::none, 2);
  check_close(fitted.transform.mean(), {10.0, -20.0}, 1e-13);
  check_close(fitted.component_variances, {9.0, 1.0}, 1e-12);
  check_close(fitted.transform.projection(), {cos30, sin30, -sin30, cos30}, 1e-13);
  const FittedTransform one = fit_transform(moments_of(rotated_cross(), 2), Standardization::none, 1);
  CHECK_THAT(one.explained_fraction, WithinAbs(0.9, 1e-13));
}

TEST_CASE("standardised components carry their eigenvalue as variance", "[data][transform]") {
  // Unit variances with correlation ρ have eigenvalues 1 ± ρ along (1, ±1)/√2 whatever the columns' units.
  Numbers x(2 * 50000);
  make_density("gaussian", 2, 0.1)->sample(4, 0, 50000, x);
  for (std::size_t row = 0; row < x.size(); row += 2) x[row] = 1000.0 * x[row] + 5.0;
  const FittedTransform fitted = fit_transform(moments_of(x, 2), Standardization::per_column, 2);
  const double standard_error = 0.75 / std::sqrt(50000.0);  // of a sample correlation of 0.5: (1 - ρ²)/√n
  CHECK_THAT(fitted.component_variances[0], WithinAbs(1.5, 4.0 * standard_error));
  const double half = std::sqrt(0.5);
  check_close({std::abs(fitted.transform.projection()[0]), fitted.transform.projection()[1]}, {half, half},
              1e-9);
  Numbers z(x.size());
  fitted.transform.to_model(x, z);
  const FittedTransform of_model = fit_transform(moments_of(z, 2), Standardization::per_column, 0);
  check_close(of_model.transform.mean(), {0.0, 0.0}, 1e-10);
  check_close(of_model.transform.scale(),
              {std::sqrt(fitted.component_variances[0]), std::sqrt(fitted.component_variances[1])}, 1e-10);
}

TEST_CASE("data that cannot be fitted are refused", "[data][transform]") {
  const Moments none{0, {0.0}, {0.0}, {0.0}};
  CHECK_THROWS_AS(fit_transform(none, Standardization::per_column, 0), InputError);
  const Moments not_finite{2, {0.0}, {std::nan("")}, {1.0}};
  CHECK_THROWS_AS(fit_transform(not_finite, Standardization::per_column, 0), InputError);
  CHECK_THROWS_AS(fit_transform(moments_of({1.0, 2.0}, 1), Standardization::per_column, 2), InputError);
}
