// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "statistics/stein_discrepancy.hpp"
#include "support/gaussian_rows.hpp"
#include "support/moments.hpp"
#include "support/numbers.hpp"

using Catch::Approx;
using namespace ebmpi;
using namespace ebmpi::statistics;

namespace {

using Rows = std::vector<double>;

const comm::Communicator& self() {
  static const comm::Communicator communicator(MPI_COMM_SELF);
  return communicator;
}

double kernel(const Rows& x, const Rows& y, double c) {
  double q = c * c;
  for (std::size_t d = 0; d < x.size(); ++d) q += (x[d] - y[d]) * (x[d] - y[d]);
  return 1 / std::sqrt(q);
}

/// u(x, y) with the derivatives of the kernel as central differences.
double stein_by_differences(const Rows& x, const Rows& y, const Rows& score_x, const Rows& score_y,
                            double c) {
  constexpr double step = 1e-4;
  const auto at = [&](std::size_t d, double of_x, double of_y) {
    Rows moved_x = x, moved_y = y;
    moved_x[d] += of_x;
    moved_y[d] += of_y;
    return kernel(moved_x, moved_y, c);
  };
  double sum = 0;
  for (std::size_t d = 0; d < x.size(); ++d) {
    const double slope_x = (at(d, step, 0) - at(d, -step, 0)) / (2 * step);
    const double slope_y = (at(d, 0, step) - at(d, 0, -step)) / (2 * step);
    const double mixed = (at(d, step, step) - at(d, step, -step) - at(d, -step, step) + at(d, -step, -step)) /
                         (4 * step * step);
    sum += score_x[d] * score_y[d] * kernel(x, y, c) + score_x[d] * slope_y + score_y[d] * slope_x + mixed;
  }
  return sum;
}

Rows row(const Rows& rows, std::size_t i, std::size_t dimension) {
  return {rows.begin() + static_cast<std::ptrdiff_t>(i * dimension),
          rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * dimension)};
}

/// The scores of N(0, I).
Rows normal_scores(Rows x) {
  for (double& value : x) value = -value;
  return x;
}

}  // namespace

TEST_CASE("The Stein discrepancy is the double sum with differentiated kernels", "[statistics]") {
  // Differences with the step 1e-4 lose 1e-16/1e-8 to rounding and 1e-8 to curvature.
  for (const std::size_t dimension : {1, 2, 5}) {
    for (const std::size_t rows : {2, 5, 67}) {
      const Rows x = test::arbitrary_numbers(rows * dimension, 1, 2);
      const Rows scores = test::arbitrary_numbers(rows * dimension, 2, 3);
      for (const double c : {1.0, 0.6}) {
        double sum = 0;
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < rows; ++j) {
            if (i != j)
              sum += stein_by_differences(row(x, i, dimension), row(x, j, dimension),
                                          row(scores, i, dimension), row(scores, j, dimension), c);
          }
        }
        const Estimate found =
            kernel_stein_discrepancy(self(), x, scores, static_cast<std::int64_t>(dimension), c);
        CHECK(found.value == Approx(sum / static_cast<double>(rows * (rows - 1))).margin(1e-6));
      }
    }
  }
}

TEST_CASE("The Stein discrepancy of a sample of the model is 0 within 4 standard errors", "[statistics]") {
  for (const std::size_t dimension : {1, 2, 8}) {
    const Rows x = test::gaussian_rows(1500, dimension, 3);
    const auto columns = static_cast<std::int64_t>(dimension);
    const Estimate own = kernel_stein_discrepancy(self(), x, normal_scores(x), columns);
    CAPTURE(dimension, own.value, own.standard_error);
    CHECK(std::abs(own.value) < 4 * own.standard_error);
    const Rows shifted = test::gaussian_rows(1500, dimension, 4, 0.5);
    const Estimate other = kernel_stein_discrepancy(self(), shifted, normal_scores(shifted), columns);
    CHECK(other.value > 4 * other.standard_error);
  }
}

TEST_CASE("The Stein discrepancy of a shifted sample is its double integral", "[statistics]") {
  // For x, y ~ N(μ, 1) and the score s(x) = -x, integrating by parts leaves μ² E k(x, y), since s differs
  // from the sample's own score by -μ. x - y ~ N(0, 2); the integral by the trapezoidal rule.
  const double mean = 0.8, pi = std::acos(-1.0);
  double level = 0;
  for (double z = -20; z <= 20; z += 1e-3)
    level += 1e-3 * std::exp(-z * z / 4) / std::sqrt(4 * pi) / std::sqrt(1 + z * z);
  std::vector<double> values, stated;
  for (std::uint32_t repetition = 0; repetition < 400; ++repetition) {
    const Rows x = test::gaussian_rows(100, 1, 50 + repetition, mean);
    const Estimate found = kernel_stein_discrepancy(self(), x, normal_scores(x), 1);
    values.push_back(found.value);
    stated.push_back(found.standard_error);
  }
  CHECK(test::estimate(values).agrees(mean * mean * level));
  // The spread of 400 values is known to 3.5 %.
  CHECK(test::estimate(stated).mean == Approx(test::estimate(values).error * 20).epsilon(0.15));
}

TEST_CASE("The Stein discrepancy refuses what is not a scored sample", "[statistics]") {
  const Rows x{0, 1, 2, 3}, broken{0, std::numeric_limits<double>::quiet_NaN(), 2, 3};
  CHECK_THROWS_AS(kernel_stein_discrepancy(self(), x, Rows{1, 2}, 1), std::invalid_argument);
  CHECK_THROWS_AS(kernel_stein_discrepancy(self(), x, x, 4), std::invalid_argument);
  CHECK_THROWS_AS(kernel_stein_discrepancy(self(), x, x, 1, 0.0), std::invalid_argument);
  CHECK(std::isnan(kernel_stein_discrepancy(self(), x, broken, 2).value));
}
