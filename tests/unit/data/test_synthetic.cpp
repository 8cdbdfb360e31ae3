// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "data/synthetic.hpp"
#include "density_helpers.hpp"

using namespace ebmpi::data;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using ebmpi::core::InputError;

namespace {

/// Checks a mean over 200 000 samples against its exact value, within 4 standard errors.
template <class Function>
void check_mean(const Density& density, double exact, Function&& value_of) {
  const Estimate estimate = sample_mean(density, 11, 200000, value_of);
  INFO(density.name() << ": " << estimate.mean << " +- " << estimate.standard_error << ", exact " << exact);
  CHECK(std::abs(estimate.mean - exact) < 4.0 * estimate.standard_error);
}

double log_density_at(const Density& density, std::vector<double> x) {
  return *density.log_density(x);
}

}  // namespace

TEST_CASE("a synthetic sample depends on the seed and its number only", "[data][synthetic]") {
  for (const std::string_view name : density_names()) {
    INFO(name);
    const auto density = make_density(name, 2, 0.1);
    CHECK(density->name() == name);
    std::vector<double> whole(2 * 40), parts(2 * 40), other(2 * 40);
    density->sample(5, 100, 40, whole);
    density->sample(5, 100, 17, std::span(parts).first(2 * 17));
    density->sample(5, 117, 23, std::span(parts).subspan(2 * 17));
    density->sample(6, 100, 40, other);
    CHECK(whole == parts);
    CHECK(whole != other);
  }
}

TEST_CASE("row numbers beyond 32 bits give new samples", "[data][synthetic]") {
  const auto density = make_density("two_moons", 2, 0.1);
  std::vector<double> low(2), high(2);
  density->sample(5, 7, 1, low);
  density->sample(5, (std::int64_t{1} << 32) + 7, 1, high);
  CHECK(low != high);
}

TEST_CASE("densities that cannot be made are refused with the reason", "[data][synthetic]") {
  CHECK_THROWS_WITH(make_density("three_moons", 2, 0.1),
                    ContainsSubstring("'three_moons'") && ContainsSubstring("two_moons, eight_gaussians"));
  CHECK_THROWS_WITH(make_density("rings", 3, 0.1), ContainsSubstring("two dimensions only"));
  CHECK_THROWS_AS(make_density("gaussian", 0, 0.1), InputError);
  CHECK_THROWS_AS(make_density("two_moons", 2, 0.0), InputError);
  CHECK_THROWS_AS(make_density("two_moons", 2, std::nan("")), InputError);
}

TEST_CASE("two moons have their known moments", "[data][synthetic]") {
  const double s = 0.1, pi = std::numbers::pi;
  const auto density = make_density("two_moons", 2, s);
  check_mean(*density, 0.5, [](auto x) { return x[0]; });
  check_mean(*density, 0.25, [](auto x) { return x[1]; });
  check_mean(*density, 1.0 + s * s, [](auto x) { return x[0] * x[0]; });
  check_mean(*density, 0.625 - 1.0 / pi + s * s, [](auto x) { return x[1] * x[1]; });
}

TEST_CASE("expected log densities meet the published ceilings", "[data][synthetic]") {
  // The ceilings of the two moons are Monte Carlo values themselves: -1.001 +- 0.008 and -0.282.
  const auto log_p = [](const Density& density) {
    return sample_mean(density, 3, 40000, [&](auto x) { return *density.log_density(x); });
  };
  const Estimate wide = log_p(*make_density("two_moons", 2, 0.1));
  INFO(wide.mean << " +- " << wide.standard_error);
  CHECK_THAT(wide.mean, WithinAbs(-1.001, 0.008 + 4.0 * wide.standard_error));
  const Estimate narrow = log_p(*make_density("two_moons", 2, 0.05));
  INFO(narrow.mean << " +- " << narrow.standard_error);
  CHECK_THAT(narrow.mean, WithinAbs(-0.282, 0.008 + 4.0 * narrow.standard_error));
  const Estimate board = log_p(*make_density("checkerboard", 2, 0.1));
  CHECK_THAT(board.mean, WithinAbs(-std::log(32.0), 1e-10));
}

TEST_CASE("the checkerboard's cells alternate and its outside is impossible", "[data][synthetic]") {
  const auto density = make_density("checkerboard", 2, 0.1);
  CHECK_THAT(log_density_at(*density, {1.0, 1.0}), WithinAbs(-3.4657359027997265, 1e-14));
  CHECK_THAT(log_density_at(*density, {-3.0, 1.0}), WithinAbs(-3.4657359027997265, 1e-14));
  CHECK(log_density_at(*density, {-1.0, 1.0}) == -INFINITY);
  CHECK(log_density_at(*density, {4.5, 1.0}) == -INFINITY);
}

TEST_CASE("rings agree with the closed form", "[data][synthetic]") {
  // A circle of radius R and N(0, σ²·I) convolve to exp(-(r² + R²)/(2σ²)) I₀(rR/σ²) / (2πσ²).
  const double s = 0.2;
  const auto density = make_density("rings", 2, s);
  for (const double r : {0.0, 0.4, 0.75, 1.9, 3.0, 3.9}) {
    double expected = 0.0;
    for (const double radius : {0.75, 1.5, 2.25, 3.0})
      expected += std::exp(-(r * r + radius * radius) / (2.0 * s * s)) *
                  std::cyl_bessel_i(0.0, r * radius / (s * s)) / (8.0 * std::numbers::pi * s * s);
    CHECK_THAT(std::exp(log_density_at(*density, {r * 0.6, r * 0.8})), WithinRel(expected, 1e-9));
  }
  check_mean(*density, 4.21875 + 2.0 * s * s, [](auto x) { return x[0] * x[0] + x[1] * x[1]; });
}

TEST_CASE("curves with hardly any noise have samples but no log density", "[data][synthetic]") {
  const auto density = make_density("two_moons", 2, 1e-6);
  CHECK_FALSE(density->has_log_density());
  CHECK_FALSE(density->log_density(std::vector<double>{0.0, 1.0}).has_value());
  check_mean(*density, 0.5, [](auto x) { return x[0]; });
}

TEST_CASE("the gaussian has autoregressive correlations", "[data][synthetic]") {
  const auto density = make_density("gaussian", 4, 0.1);
  check_mean(*density, 0.0, [](auto x) { return x[3]; });
  check_mean(*density, 1.0, [](auto x) { return x[3] * x[3]; });
  check_mean(*density, 0.5, [](auto x) { return x[2] * x[3]; });
  check_mean(*density, 0.125, [](auto x) { return x[0] * x[3]; });
  // E[log p] = -D/2 (1 + log 2π) - 1/2 log det C, with det C = (1 - ρ²)^(D-1).
  const double entropy = 2.0 * (1.0 + std::log(2.0 * std::numbers::pi)) + 1.5 * std::log(0.75);
  check_mean(*density, -entropy, [&](auto x) { return *density->log_density(x); });
  // Independent value: NumPy, with the dense covariance matrix solved.
  CHECK_THAT(log_density_at(*density, {0.3, -1.2, 0.7, 2.0}), WithinAbs(-7.445897690807685, 1e-12));
}

TEST_CASE("the gaussian mixture has its weights and means in any dimension", "[data][synthetic]") {
  const double s = 0.1;
  const auto density = make_density("gaussian_mixture", 5, s);
  check_mean(*density, 0.1, [](auto x) { return x[0] < -1.0; });
  check_mean(*density, 0.2, [](auto x) { return x[0] > 1.0; });
  check_mean(*density, 0.3, [](auto x) { return x[1] > 1.0; });
  check_mean(*density, 0.4, [](auto x) { return x[2] > 1.0; });
  check_mean(*density, s * s, [](auto x) { return x[4] * x[4]; });
  // At a mean the other components add less than e^-400.
  CHECK_THAT(log_density_at(*density, {0.0, 2.0, 0.0, 0.0, 0.0}),
             WithinAbs(std::log(0.3) - 2.5 * std::log(2.0 * std::numbers::pi * s * s), 1e-12));
  const auto line = make_density("gaussian_mixture", 1, s);
  check_mean(*line, 2.0 / 3.0, [](auto x) { return x[0] > 0.0; });
}

TEST_CASE("the double well is normalised as by Bessel functions", "[data][synthetic]") {
  // ∫ exp(-a(x² - 1)²) dx = (π/2) e^(-a/2) (I₋¼(a/2) + I¼(a/2)), and I₋¼ = I¼ + (√2/π) K¼; here a = 1/(8σ²).
  for (const double s : {0.1, 0.3, 1.0, 5.0}) {
    const double z = 1.0 / (16.0 * s * s), pi = std::numbers::pi;
    const double bessel = 2.0 * std::cyl_bessel_i(0.25, z) + std::sqrt(2.0) / pi * std::cyl_bessel_k(0.25, z);
    const auto density = make_density("double_well", 3, s);
    const double expected = -std::log(0.5 * pi * std::exp(-z) * bessel) - std::log(2.0 * pi * s * s);
    CHECK_THAT(log_density_at(*density, {1.0, 0.0, 0.0}), WithinAbs(expected, 1e-10));
    CHECK_THAT(log_density_at(*density, {0.0, 0.0, s}), WithinAbs(expected - 2.0 * z - 0.5, 1e-10));
    check_mean(*density, 0.0, [](auto x) { return x[0]; });
    check_mean(*density, s * s, [](auto x) { return x[2] * x[2]; });
  }
}

TEST_CASE("the pinwheel's blades lie where they are defined to", "[data][synthetic]") {
  // The middle of blade k, at radius 1, is turned by 72°·k + e/4; the other blades are more than 9 noise
  // scales away.
  const double s = 0.1, pi = std::numbers::pi;
  const auto density = make_density("pinwheel", 2, s);
  for (int k = 0; k < 5; ++k) {
    const double angle = 0.4 * pi * k + 0.25 * std::numbers::e;
    CHECK_THAT(log_density_at(*density, {std::cos(angle), std::sin(angle)}),
               WithinAbs(-std::log(5.0 * 2.0 * pi * 0.3 * s), 1e-12));
  }
}

TEST_CASE("narrow spirals and swiss rolls have the density of their parameter", "[data][synthetic]") {
  // On a curve much wider bent than σ, p = q(t) / (|c'(t)| σ √(2π)) up to (σ / radius of curvature)².
  const double s = 0.005, pi = std::numbers::pi, width = s * std::sqrt(2.0 * pi);
  const auto speed = [](double t, double scale) { return std::sqrt(1.0 + t * t) / scale; };
  const auto spirals = make_density("spirals", 2, s);
  const auto roll = make_density("swiss_roll", 2, s);
  for (const double t : {1.6 * pi, 2.3 * pi, 2.9 * pi}) {
    const double spiral_density = 0.5 * 2.0 * t / (9.0 * pi * pi) / (speed(t, 3.0) * width);
    for (const double sign : {1.0, -1.0})
      CHECK_THAT(log_density_at(*spirals, {-sign * t * std::cos(t) / 3.0, sign * t * std::sin(t) / 3.0}),
                 WithinAbs(std::log(spiral_density), 1e-4));
    CHECK_THAT(log_density_at(*roll, {t * std::cos(t) / 5.0, t * std::sin(t) / 5.0}),
               WithinAbs(std::log(1.0 / (3.0 * pi) / (speed(t, 5.0) * width)), 1e-4));
  }
}
