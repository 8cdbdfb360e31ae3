// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "statistics/sliced_wasserstein.hpp"
#include "support/gaussian_rows.hpp"
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

/// W₂ of two samples of numbers: each row of one repeated as often as the other has rows, so that both are
/// equally long, then sorted.
double by_repetition(const Rows& x, const Rows& y) {
  Rows many_x, many_y;
  for (const double value : x) many_x.insert(many_x.end(), y.size(), value);
  for (const double value : y) many_y.insert(many_y.end(), x.size(), value);
  std::sort(many_x.begin(), many_x.end());
  std::sort(many_y.begin(), many_y.end());
  double sum = 0;
  for (std::size_t i = 0; i < many_x.size(); ++i) sum += std::pow(many_x[i] - many_y[i], 2);
  return std::sqrt(sum / static_cast<double>(many_x.size()));
}

}  // namespace

TEST_CASE("In one dimension the distance couples quantiles of samples of any sizes", "[statistics]") {
  for (const auto& [n, m] : {std::pair{2, 2}, {5, 3}, {12, 8}, {64, 65}, {100, 7}, {33, 200}}) {
    const Rows x = test::arbitrary_numbers(n, 1), y = test::arbitrary_numbers(m, 2, 3);
    // The only unit vectors are 1 and -1, so all slices say the same.
    const Estimate found = sliced_wasserstein(self(), x, y, 1, {.slices = 5});
    CHECK(found.value == Approx(by_repetition(x, y)).epsilon(1e-13));
    CHECK(found.standard_error < 1e-13);
  }
}

TEST_CASE("A shifted sample is at the length of the shift, over √D in D dimensions", "[statistics]") {
  for (const std::int64_t dimension : {1, 2, 5, 16}) {
    const Rows x = test::gaussian_rows(150, static_cast<std::size_t>(dimension), 3);
    Rows y = x;
    double square = 0;
    for (std::int64_t d = 0; d < dimension; ++d) square += std::pow(0.3 * static_cast<double>(d + 1), 2);
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] += 0.3 * static_cast<double>(i % static_cast<std::size_t>(dimension) + 1);
    // W₂² along u is (u·μ)², of which the mean over the sphere is |μ|²/D.
    const double expected = std::sqrt(square / static_cast<double>(dimension));
    const Estimate found = sliced_wasserstein(self(), x, y, dimension, {.slices = 2000, .seed = 4});
    CAPTURE(dimension, found.value, found.standard_error, expected);
    CHECK(std::abs(found.value - expected) < 4 * found.standard_error + 1e-13);
    // 256 slices lie 4 · √(1/256 + 1/2000) = 27 % of the spread of one slice apart at most.
    const Estimate fewer = sliced_wasserstein(self(), x, y, dimension, {.seed = 5});
    CHECK(std::abs(fewer.value - found.value) <
          4 * std::hypot(fewer.standard_error, found.standard_error) + 1e-13);
    CHECK((dimension == 1 || fewer.value != found.value));
  }
}

TEST_CASE("The standard error over slices is that of the squared cosine", "[statistics]") {
  // In two dimensions (u·μ)² = |μ|² cos²φ has the mean ½|μ|² and the variance |μ|⁴/8, so the error of the
  // root of the mean of P slices is |μ|/√(16 P); known to about 1/√(4 P).
  const Rows x = test::gaussian_rows(20, 2, 6);
  Rows y = x;
  for (double& value : y) value += 1;
  const Estimate found = sliced_wasserstein(self(), x, y, 2, {.slices = 4000});
  CHECK(found.standard_error == Approx(std::sqrt(2.0) / std::sqrt(16.0 * 4000)).epsilon(0.04));
}

TEST_CASE("Two Gaussians of unit variance are at the distance of their means", "[statistics]") {
  // The mean difference alone has the standard error √(2/N); four of them, and what the shapes add is less.
  const Rows x = test::gaussian_rows(4000, 1, 7), y = test::gaussian_rows(4000, 1, 8, 1.5);
  CHECK(std::abs(sliced_wasserstein(self(), x, y, 1, {.slices = 2}).value - 1.5) < 4 * std::sqrt(2.0 / 4000));
}

TEST_CASE("A sample is at no distance from itself, and the sliced distance has its limits", "[statistics]") {
  const Rows x = test::arbitrary_numbers(30, 9), broken{0, std::numeric_limits<double>::quiet_NaN(), 2, 3};
  const Estimate found = sliced_wasserstein(self(), x, x, 3);
  CHECK(found.value == 0);
  CHECK(found.standard_error == 0);
  CHECK(std::isnan(sliced_wasserstein(self(), x, broken, 1).value));
  CHECK_THROWS_AS(sliced_wasserstein(self(), x, Rows{1, 2}, 3), std::invalid_argument);
  CHECK_THROWS_AS(sliced_wasserstein(self(), x, x, 3, {.slices = 1}), std::invalid_argument);
}
