// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "core/error.hpp"
#include "statistics/distances.hpp"
#include "support/gaussian_rows.hpp"
#include "support/moments.hpp"
#include "support/numbers.hpp"

using Catch::Approx;
using namespace ebmpi;
using namespace ebmpi::statistics;

namespace {

using Rows = std::vector<double>;

double distance(const Rows& x, std::size_t i, const Rows& y, std::size_t j, std::size_t dimension) {
  double square = 0;
  for (std::size_t d = 0; d < dimension; ++d)
    square += std::pow(x[i * dimension + d] - y[j * dimension + d], 2);
  return std::sqrt(square);
}

using Kernel = std::function<double(double)>;  // of the distance

/// E k(x,y) over the pairs of two samples; over i ≠ j where they are the same one.
double mean_kernel(const Rows& x, const Rows& y, std::size_t dimension, const Kernel& kernel) {
  double sum = 0, pairs = 0;
  for (std::size_t i = 0; i < x.size() / dimension; ++i) {
    for (std::size_t j = 0; j < y.size() / dimension; ++j) {
      if (&x == &y && i == j) continue;
      sum += kernel(distance(x, i, y, j, dimension));
      pairs += 1;
    }
  }
  return sum / pairs;
}

double by_pairs(const Rows& x, const Rows& y, std::size_t dimension, const Kernel& kernel) {
  return mean_kernel(x, x, dimension, kernel) + mean_kernel(y, y, dimension, kernel) -
         2 * mean_kernel(x, y, dimension, kernel);
}

/// E|z| for z ~ N(mean, deviation²).
double mean_magnitude(double mean, double deviation) {
  const double ratio = mean / (deviation * std::sqrt(2.0));
  return deviation * std::sqrt(2 / std::acos(-1.0)) * std::exp(-ratio * ratio) + mean * std::erf(ratio);
}

bool agrees(const Estimate& estimate, double expected, double errors = 4) {
  return std::abs(estimate.value - expected) < errors * estimate.standard_error;
}

const comm::Communicator& self() {
  static const comm::Communicator communicator(MPI_COMM_SELF);
  return communicator;
}

}  // namespace

TEST_CASE("Distances by pairs agree with their definitions", "[statistics]") {
  // 1, 2 and 3 tiles of 64, full or not.
  for (const std::size_t dimension : {1, 3, 8}) {
    for (const auto& [n, m] : {std::pair{2, 3}, {64, 65}, {130, 7}, {100, 192}}) {
      const Rows x = test::arbitrary_numbers(n * dimension, 1, 2),
                 y = test::arbitrary_numbers(m * dimension, 2);
      const auto columns = static_cast<std::int64_t>(dimension);
      for (const double h : {0.05, 0.7, 30.0}) {
        const double expected =
            by_pairs(x, y, dimension, [h](double r) { return std::exp(-r * r / (2 * h * h)); });
        CHECK(maximum_mean_discrepancy(self(), x, y, columns, h).value == Approx(expected).margin(1e-14));
      }
      const double expected = by_pairs(x, y, dimension, [](double r) { return -r; });
      CHECK(energy_distance(self(), x, y, columns).value == Approx(expected).margin(1e-14));
    }
  }
}

TEST_CASE("The exponential of the Gaussian kernel is that of the standard library", "[statistics]") {
  // Two copies of a row at 0 and two of a row at r: E k(x,x') = E k(y,y') = 1, so the value is 2 - 2 k(r).
  const double h = std::sqrt(0.5);
  for (double r = 0; r < 5; r += 0.01) {
    const double k = 1 - 0.5 * maximum_mean_discrepancy(self(), Rows{0, 0}, Rows{r, r}, 1, h).value;
    REQUIRE(k == Approx(std::exp(-r * r)).epsilon(1e-15).margin(3e-16));
  }
  // Far apart, nothing is left of the kernel, not even where the square overflows.
  for (const double r : {40.0, 1e6, 1e200})
    CHECK(maximum_mean_discrepancy(self(), Rows{0, 0}, Rows{r, r}, 1, h).value == 2);
}

TEST_CASE("The MMD of two Gaussians is its closed form within 4 standard errors", "[statistics]") {
  // x - x' ~ N(0, 2I) and x - y ~ N(-μ, 2I), of which E exp(-|z|²/(2h²)) is a Gaussian integral.
  for (const std::size_t dimension : {1, 2, 8}) {
    for (const double h : {0.8, 2.0}) {
      const double mean = 0.5, square = mean * mean * static_cast<double>(dimension);
      const double level = std::pow(h * h / (h * h + 2), 0.5 * static_cast<double>(dimension));
      const double expected = 2 * level * (1 - std::exp(-square / (2 * (h * h + 2))));
      const Rows x = test::gaussian_rows(1500, dimension, 3),
                 y = test::gaussian_rows(1000, dimension, 4, mean);
      const auto columns = static_cast<std::int64_t>(dimension);
      const Estimate found = maximum_mean_discrepancy(self(), x, y, columns, h);
      CAPTURE(dimension, h, found.value, found.standard_error, expected);
      CHECK(agrees(found, expected));
      CHECK(found.value > 4 * found.standard_error);
      const Rows same = test::gaussian_rows(1000, dimension, 5);
      CHECK(agrees(maximum_mean_discrepancy(self(), x, same, columns, h), 0));
    }
  }
}

TEST_CASE("The energy distance of two Gaussians is its closed form within 4 standard errors",
          "[statistics]") {
  for (const double mean : {0.0, 0.6}) {
    for (const double deviation : {0.5, 1.0, 2.0}) {
      const double expected = 2 * mean_magnitude(mean, std::hypot(1.0, deviation)) -
                              mean_magnitude(0, std::sqrt(2.0)) -
                              mean_magnitude(0, deviation * std::sqrt(2.0));
      const Rows x = test::gaussian_rows(1500, 1, 6), y = test::gaussian_rows(1000, 1, 7, mean, deviation);
      const Estimate found = energy_distance(self(), x, y, 1);
      CAPTURE(mean, deviation, found.value, found.standard_error, expected);
      CHECK(agrees(found, expected));
    }
  }
}

TEST_CASE("The standard errors are the spread over repetitions", "[statistics]") {
  // The spread of 1600 normal values is known to 1/√3200 = 2 %. Those of equal distributions are sums of λ(χ²
  // - 1), of kurtosis at most 12: their spread is known to ½√(14/1600) = 5 %, as is what is stated of it.
  for (const double mean : {1.0, 0.0}) {
    std::vector<double> discrepancies, distances, variances_of_discrepancies, variances_of_distances;
    for (std::uint32_t repetition = 0; repetition < 1600; ++repetition) {
      const Rows x = test::gaussian_rows(80, 2, 100 + 2 * repetition);
      const Rows y = test::gaussian_rows(50, 2, 101 + 2 * repetition, mean);
      const Estimate discrepancy = maximum_mean_discrepancy(self(), x, y, 2, 1.0);
      const Estimate distance = energy_distance(self(), x, y, 2);
      discrepancies.push_back(discrepancy.value);
      distances.push_back(distance.value);
      variances_of_discrepancies.push_back(std::pow(discrepancy.standard_error, 2));
      variances_of_distances.push_back(std::pow(distance.standard_error, 2));
    }
    const auto ratio = [](const auto& variances, const auto& values) {
      return std::sqrt(test::estimate(variances).mean) / (test::estimate(values).error * 40);
    };
    const double expected = mean == 0 ? std::sqrt(2.0) : 1.0, tolerance = mean == 0 ? 0.2 : 0.1;
    CHECK(ratio(variances_of_discrepancies, discrepancies) == Approx(expected).epsilon(tolerance));
    CHECK(ratio(variances_of_distances, distances) == Approx(expected).epsilon(tolerance));
    // The mean over repetitions shows a bias that one sample hides.
    if (mean == 0) CHECK(test::estimate(discrepancies).agrees(0));
    if (mean == 0) CHECK(test::estimate(distances).agrees(0));
  }
}

TEST_CASE("The median distance is the middle one of the sorted distances", "[statistics]") {
  const Rows x = test::arbitrary_numbers(3 * 90, 8), y = test::arbitrary_numbers(3 * 41, 9);
  Rows pooled = x;
  pooled.insert(pooled.end(), y.begin(), y.end());
  Rows distances;
  for (std::size_t i = 0; i < pooled.size() / 3; ++i) {
    for (std::size_t j = 0; j < i; ++j) distances.push_back(distance(pooled, i, pooled, j, 3));
  }
  std::sort(distances.begin(), distances.end());
  const double middle = distances[(distances.size() - 1) / 2];
  CHECK(median_distance(x, y, 3) == Approx(middle).epsilon(1e-15));
  CHECK(median_distance(pooled, 3) == Approx(middle).epsilon(1e-15));
  CHECK(median_distance(Rows{0, 1, 5}, 1) == 4);
  CHECK(median_distance(Rows{0, 0, 7, 7}, 1) == 7);

  Rows longer = test::arbitrary_numbers(1000, 10);
  const double of_first = median_distance(longer, 1);
  longer.resize(2000, 99.0);
  CHECK(median_distance(longer, 1) == of_first);
  CHECK_THROWS_AS(median_distance(Rows{1, 1, 1, 5}, 1), core::InputError);
}

TEST_CASE("Distances refuse what is not two samples, and of what is not finite say NaN", "[statistics]") {
  const Rows x{0, 1, 2, 3}, broken{0, std::numeric_limits<double>::infinity(), 2, 3};
  CHECK_THROWS_AS(energy_distance(self(), x, Rows{1}, 1), std::invalid_argument);
  CHECK_THROWS_AS(energy_distance(self(), x, Rows{1, 2, 3}, 2), std::invalid_argument);
  CHECK_THROWS_AS(energy_distance(self(), x, x, 0), std::invalid_argument);
  CHECK_THROWS_AS(maximum_mean_discrepancy(self(), x, x, 1, 0.0), std::invalid_argument);
  CHECK(std::isnan(energy_distance(self(), x, broken, 2).value));
  CHECK(std::isnan(maximum_mean_discrepancy(self(), broken, x, 2, 1.0).standard_error));
  CHECK(std::isnan(median_distance(x, broken, 2)));
}
