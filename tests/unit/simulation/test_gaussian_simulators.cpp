// SPDX-License-Identifier: Apache-2.0
#include "simulation/gaussian_simulators.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "rows.hpp"
#include "support/moments.hpp"

using namespace ebmpi;
using namespace ebmpi::test;

namespace {

constexpr std::int64_t rows = 100000;

/// x with `mean` (D) taken off and divided by `deviation`: independent standard normals, if all is well.
void check_standard_normal(std::vector<double> x, const std::vector<double>& mean, double deviation) {
  const std::size_t width = mean.size();
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = (x[i] - mean[i % width]) / deviation;
  for (std::size_t i = 0; i < width; ++i) CHECK(estimate(column(x, width, i)).agrees(0.0));
  const SecondMoments moments = second_moments(x, width, 3.0);
  CHECK(moments.worst_diagonal < 4.0);
  CHECK(moments.worst_other < 4.0);
}

}  // namespace

TEST_CASE("A Gaussian location has its mean and its covariance", "[simulation]") {
  const auto simulator = simulation::gaussian_location(3, 0.5);
  const std::vector<double> theta = {1.0, -2.0, 30.0};
  check_standard_normal(simulate_rows(*simulator, theta, rows), theta, 0.5);
}

TEST_CASE("A Gaussian scale has its variance", "[simulation]") {
  const auto simulator = simulation::gaussian_scale(2);
  REQUIRE(simulator->parameters().size() == 1);
  check_standard_normal(simulate_rows(*simulator, {4.0}, rows), {0.0, 0.0}, 2.0);
}

TEST_CASE("The matrix of the linear Gaussian has orthogonal columns of lengths from 1 to 2", "[simulation]") {
  for (const std::size_t size : {1u, 2u, 5u, 50u}) {
    const std::vector<double> a = simulation::linear_gaussian_matrix(static_cast<std::int64_t>(size));
    for (std::size_t j = 0; j < size; ++j) {
      for (std::size_t k = 0; k <= j; ++k) {
        double product = 0;
        for (std::size_t i = 0; i < size; ++i) product += a[i * size + j] * a[i * size + k];
        const double length = 1.0 + static_cast<double>(j) / static_cast<double>(size);
        CHECK(product == Catch::Approx(j == k ? length * length : 0.0).margin(1e-12));
      }
    }
  }
  const std::vector<double> two = simulation::linear_gaussian_matrix(2);
  // sin 60° = sin 120° = √3/2 and -√3/2 for 240°, times √(2/3).
  CHECK(two[0] == Catch::Approx(std::sqrt(0.5)));
  CHECK(two[1] == Catch::Approx(1.5 * std::sqrt(0.5)));
  CHECK(two[2] == Catch::Approx(std::sqrt(0.5)));
  CHECK(two[3] == Catch::Approx(-1.5 * std::sqrt(0.5)));
}

TEST_CASE("The linear Gaussian has mean A θ", "[simulation]") {
  const auto simulator = simulation::linear_gaussian(2, 0.3);
  const double root = std::sqrt(0.5);
  check_standard_normal(simulate_rows(*simulator, {1.0, 2.0}, rows), {4.0 * root, -2.0 * root}, 0.3);
}

TEST_CASE("The Gaussian mixture has the moments of its two components", "[simulation]") {
  const double offset = 2.0, weight = 0.3, noise = 0.5;
  const auto simulator = simulation::gaussian_mixture(2, noise);
  const std::vector<double> x = simulate_rows(*simulator, {offset, weight}, rows);
  const std::vector<double> first = column(x, 2, 0), second = column(x, 2, 1);
  CHECK(estimate(first).agrees(weight * offset));
  CHECK(mean_product(first, first).agrees(weight * offset * offset + noise * noise));
  CHECK(mean_product(first, second).agrees(weight * offset * offset));
}
