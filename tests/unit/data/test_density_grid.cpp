// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <string_view>
#include <vector>

#include "data/synthetic.hpp"
#include "density_helpers.hpp"

using namespace ebmpi::data;
using Catch::Matchers::WithinAbs;

namespace {

/// A density with the box that holds all but 1e-6 of it and a grid finer than its finest structure.
struct Case {
  std::string_view name;
  double noise;
  double half_width;
  int cells;  ///< per axis, a multiple of `bins`
};

constexpr int bins = 16;
constexpr Case cases[] = {
    {"two_moons", 0.1, 4.0, 160},
    {"eight_gaussians", 0.2, 4.0, 160},
    {"twenty_five_gaussians", 0.1, 3.2, 160},
    {"rings", 0.15, 4.0, 128},
    {"spirals", 0.2, 4.8, 128},
    {"checkerboard", 0.1, 8.0, 64},
    {"pinwheel", 0.1, 3.2, 640},
    {"swiss_roll", 0.2, 4.8, 128},
    {"gaussian", 0.1, 6.4, 160},
    {"gaussian_mixture", 0.3, 4.8, 160},
    {"double_well", 0.2, 2.4, 160},
    {"left_moon", 0.1, 2.4, 160},
    {"right_moon", 0.1, 3.2, 160},
    {"funnel", 0.4, 8.0, 320},
};

/// Pearson's χ² of the samples' counts in 16 × 16 bins against their expectation, standardised: about N(0, 1)
/// where p is the samples' density. Bins that expect fewer than 5 samples are put together.
double standardised_chi_squared(const Density& density, const Case& grid, std::int64_t count) {
  std::vector<double> expected(bins * bins + 1, 0.0), observed(bins * bins + 1, 0.0);
  const auto bin = [&](double x, double y) -> std::size_t {
    const double i = std::floor((x / grid.half_width + 1.0) * 0.5 * bins);
    const double j = std::floor((y / grid.half_width + 1.0) * 0.5 * bins);
    if (i < 0.0 || j < 0.0 || i >= bins || j >= bins) return bins * bins;
    return static_cast<std::size_t>(i * bins + j);
  };
  const double area = std::pow(2.0 * grid.half_width / grid.cells, 2);
  for_grid(density, grid.half_width, grid.cells, [&](double x, double y, double p) {
    expected[bin(x, y)] += static_cast<double>(count) * area * p;
  });
  sample_mean(density, 21, count, [&](auto x) { return observed[bin(x[0], x[1])] += 1.0; });
  double chi_squared = 0.0, degrees = 0.0, rare_expected = 0.0, rare_observed = 0.0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (expected[k] < 5.0) {
      rare_expected += expected[k];
      rare_observed += observed[k];
      continue;
    }
    chi_squared += std::pow(observed[k] - expected[k], 2) / expected[k];
    degrees += 1.0;
  }
  INFO("samples in rare bins: " << rare_observed << ", expected " << rare_expected);
  CHECK(std::abs(rare_observed - rare_expected) < 4.0 * std::sqrt(rare_expected + 1.0) + 1.0);
  return (chi_squared - degrees) / std::sqrt(2.0 * degrees);
}

}  // namespace

TEST_CASE("every density integrates to one", "[data][synthetic]") {
  for (const Case& grid : cases) {
    const auto density = make_density(grid.name, 2, grid.noise);
    double mass = 0.0;
    for_grid(*density, grid.half_width, grid.cells, [&](double, double, double p) { mass += p; });
    INFO(grid.name);
    CHECK_THAT(mass * std::pow(2.0 * grid.half_width / grid.cells, 2), WithinAbs(1.0, 1e-5));
  }
}

TEST_CASE("the mean log density of samples is the integral of p log p", "[data][synthetic]") {
  for (const Case& grid : cases) {
    const auto density = make_density(grid.name, 2, grid.noise);
    double integral = 0.0;
    for_grid(*density, grid.half_width, grid.cells,
             [&](double, double, double p) { integral += p > 0.0 ? p * std::log(p) : 0.0; });
    integral *= std::pow(2.0 * grid.half_width / grid.cells, 2);
    const Estimate estimate =
        sample_mean(*density, 31, 20000, [&](auto x) { return *density->log_density(x); });
    INFO(grid.name << ": " << estimate.mean << " +- " << estimate.standard_error << ", integral "
                   << integral);
    CHECK(std::abs(estimate.mean - integral) < 4.0 * estimate.standard_error + 1e-4);
  }
}

TEST_CASE("histograms of samples follow the density", "[data][synthetic]") {
  for (const Case& grid : cases) {
    INFO(grid.name);
    CHECK(standardised_chi_squared(*make_density(grid.name, 2, grid.noise), grid, 40000) < 4.0);
  }
}
