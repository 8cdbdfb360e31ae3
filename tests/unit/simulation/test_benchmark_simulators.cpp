// SPDX-License-Identifier: Apache-2.0
#include "simulation/benchmark_simulators.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numbers>

#include "rows.hpp"
#include "support/moments.hpp"

using namespace ebmpi;
using namespace ebmpi::test;

namespace {

constexpr std::int64_t rows = 100000;
constexpr double pi = std::numbers::pi;

/// Largest distance between the distribution function of `values` and that of the uniform distribution on
/// (0, 1), times √n. Below 1.95 with probability 0.999 (Kolmogorov).
double kolmogorov(std::vector<double> values) {
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto rank = static_cast<double>(i);
    worst = std::max({worst, values[i] - rank / count, (rank + 1.0) / count - values[i]});
  }
  return worst * std::sqrt(count);
}

double normal_distribution(double z) {
  return 0.5 * std::erfc(-z * std::sqrt(0.5));
}

}  // namespace

TEST_CASE("Two moons: radius and angle have their distributions", "[simulation]") {
  const auto simulator = simulation::two_moons();
  const std::vector<double> x = simulate_rows(*simulator, {0.0, 0.0}, rows);
  std::vector<double> radii, angles;
  for (std::size_t i = 0; i < x.size(); i += 2) {
    radii.push_back(normal_distribution((std::hypot(x[i] - 0.25, x[i + 1]) - 0.1) / 0.01));
    angles.push_back(std::atan2(x[i + 1], x[i] - 0.25) / pi + 0.5);
  }
  CHECK(kolmogorov(radii) < 1.95);
  CHECK(kolmogorov(angles) < 1.95);
}

TEST_CASE("Two moons: published observations lie on the crescents of their parameters", "[simulation]") {
  // True parameters and observations 1, 3, 7 and 10 of the sbibm benchmark (MIT licence).
  struct Published {
    std::vector<double> theta;
    std::array<double, 2> x;
  };
  const std::vector<Published> published = {
      {{-0.817665577, -0.575680614}, {-0.63967061, 0.162346572}},
      {{0.730160356, -0.3217839}, {0.003010958, -0.645766199}},
      {{-0.619116545, 0.829501987}, {0.19458583, 1.04001534}},
      {{0.726523161, -0.994689703}, {0.145634055, -1.170140982}},
  };
  const auto simulator = simulation::two_moons();
  for (const Published& one : published) {
    const std::vector<double> x = simulate_rows(*simulator, one.theta, 10000);
    // The mean of r cos a is 0.1 · 2/π; the means' standard errors are below 1e-3.
    const double centre_0 = estimate(column(x, 2, 0)).mean - 0.1 * 2.0 / pi;
    const double centre_1 = estimate(column(x, 2, 1)).mean;
    CHECK(std::abs(std::hypot(one.x[0] - centre_0, one.x[1] - centre_1) - 0.1) < 0.035);
    CHECK(one.x[0] > centre_0);
  }
}

TEST_CASE("M/G/1: with a full queue the server sets the pace", "[simulation]") {
  const auto simulator = simulation::mg1(50);
  const std::vector<double> x = simulate_rows(*simulator, {1.0, 4.0, 1e9}, rows);
  // Order statistic number k of n uniform numbers has mean k/(n + 1); quantile p is at k = 1 + p (n - 1).
  for (std::size_t i = 0; i < 5; ++i) {
    const double rank = 1.0 + 0.25 * static_cast<double>(i) * 49.0;
    CHECK(estimate(column(x, 5, i)).agrees(1.0 + 4.0 * rank / 51.0));
  }
}

TEST_CASE("M/G/1: with a quick server departures are arrivals", "[simulation]") {
  const auto simulator = simulation::mg1(50);
  const std::vector<double> x = simulate_rows(*simulator, {1e-9, 1e-9, 0.2}, rows);
  // The least and the largest of 50 exponential numbers have means 1/50 and 1 + 1/2 + … + 1/50.
  double harmonic = 0.0;
  for (int k = 1; k <= 50; ++k) harmonic += 1.0 / k;
  CHECK(estimate(column(x, 5, 0)).agrees(5.0 / 50.0));
  CHECK(estimate(column(x, 5, 4)).agrees(5.0 * harmonic));
}

TEST_CASE("M/G/1: the second customer waits only if the first is still there", "[simulation]") {
  // Two customers, service time s without spread, arrivals A and A + B at rate r: times between departures
  // are A + s and s + max(0, B - s), of means 1/r + s and s + exp(-r s)/r. Half their sum is the median.
  const double s = 2.0, r = 0.5;
  const auto simulator = simulation::mg1(2);
  const std::vector<double> x = simulate_rows(*simulator, {s, 1e-9, r}, rows);
  CHECK(estimate(column(x, 5, 2)).agrees(0.5 * (1.0 / r + 2.0 * s + std::exp(-r * s) / r)));
}

TEST_CASE("g-and-k: the distribution is that of its quantile function", "[simulation]") {
  const double a = 3.0, b = 1.5, g = 2.0, k = 0.5;
  const auto simulator = simulation::g_and_k(1);
  const std::vector<double> x = simulate_rows(*simulator, {a, b, g, k}, rows);
  for (const double z : {-2.0, -1.0, -0.3, 0.0, 0.5, 1.0, 2.0}) {
    const double shape = (1.0 - std::exp(-g * z)) / (1.0 + std::exp(-g * z));
    const double quantile = a + b * (1.0 + 0.8 * shape) * std::pow(1.0 + z * z, k) * z;
    std::vector<double> below;
    for (const double value : x) below.push_back(value < quantile ? 1.0 : 0.0);
    CHECK(estimate(below).agrees(normal_distribution(z)));
  }
}

TEST_CASE("g-and-k: octiles are those of the draws", "[simulation]") {
  const std::vector<double> theta = {3.0, 1.5, 2.0, 0.5};
  const std::int64_t draws = 57;
  const auto simulator = simulation::g_and_k(draws);
  REQUIRE(simulator->columns() == 7);
  const std::vector<double> x = simulate_rows(*simulator, theta, 20);
  for (std::size_t row = 0; row < 20; ++row) {
    simulation::SimulationStream stream(context().key, static_cast<std::int64_t>(row), context().step);
    std::vector<double> values;
    for (std::int64_t i = 0; i < draws; ++i)
      values.push_back(simulation::GAndK::quantile(theta.data(), stream.normal()));
    std::ranges::sort(values);
    for (std::size_t i = 0; i < 7; ++i)
      CHECK(x[7 * row + i] == Catch::Approx(values[7 * (i + 1)]).epsilon(1e-12));  // rank 56/8 · (i + 1)
  }
}

TEST_CASE("Values are sorted whatever their order, and quantiles lie between them", "[simulation]") {
  for (std::size_t count = 1; count < 40; ++count) {
    simulation::SimulationStream stream(context().key, static_cast<std::int64_t>(count), 0);
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(std::floor(10.0 * stream.uniform()));
    std::vector<double> expected = values;
    std::ranges::sort(expected);
    simulation::sort_ascending(values.data(), static_cast<std::int64_t>(count));
    CHECK(values == expected);
  }
  const std::array<double, 3> values = {1.0, 2.0, 4.0};
  CHECK(simulation::sorted_quantile(values.data(), 3, 0.0) == 1.0);
  CHECK(simulation::sorted_quantile(values.data(), 3, 0.25) == 1.5);
  CHECK(simulation::sorted_quantile(values.data(), 3, 0.75) == 3.0);
  CHECK(simulation::sorted_quantile(values.data(), 3, 1.0) == 4.0);
}
