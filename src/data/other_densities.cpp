// SPDX-License-Identifier: Apache-2.0
#include "data/other_densities.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "data/gauss_legendre.hpp"

namespace ebmpi::data {

namespace {

constexpr double pi = std::numbers::pi;
constexpr int blades = 5;
constexpr double blade_centre = 1.0;
constexpr double blade_length = 0.3;  ///< radial standard deviation

/// Angle in radians by which blade `k` is turned at distance `radius` from the origin.
double blade_angle(int k, double radius) {
  return 2.0 * pi * k / blades + 0.25 * std::exp(radius);
}

}  // namespace

std::optional<double> Checkerboard::log_density(std::span<const double> x) const {
  const bool inside = std::abs(x[0]) <= 4.0 && std::abs(x[1]) <= 4.0;
  const double cell = std::floor(0.5 * x[0]) + std::floor(0.5 * x[1]);
  if (!inside || std::fmod(cell, 2.0) != 0.0) return -std::numeric_limits<double>::infinity();
  return -std::log(32.0);
}

void Checkerboard::sample_row(SampleDraws& draws, std::span<double> row) const {
  const std::int64_t column = draws.below(4);
  const std::int64_t line = 2 * draws.below(2) + column % 2;
  row[0] = 2.0 * (static_cast<double>(column) + draws.uniform()) - 4.0;
  row[1] = 2.0 * (static_cast<double>(line) + draws.uniform()) - 4.0;
}

std::optional<double> Pinwheel::log_density(std::span<const double> x) const {
  const double radius = std::hypot(x[0], x[1]);
  const double direction = std::atan2(x[1], x[0]);
  double exponents[blades];
  for (int k = 0; k < blades; ++k) {
    const double angle = direction - blade_angle(k, radius);
    const double along = (radius * std::cos(angle) - blade_centre) / blade_length;
    const double across = radius * std::sin(angle) / tangential_;
    exponents[k] = -0.5 * (along * along + across * across);
  }
  const double largest = *std::ranges::max_element(exponents);
  double sum = 0.0;
  for (const double exponent : exponents) sum += std::exp(exponent - largest);
  return largest + std::log(sum / blades) - std::log(2.0 * pi * blade_length * tangential_);
}

void Pinwheel::sample_row(SampleDraws& draws, std::span<double> row) const {
  const int blade = static_cast<int>(draws.below(blades));
  const double along = blade_centre + blade_length * draws.normal();
  const double across = tangential_ * draws.normal();
  const double angle = blade_angle(blade, std::hypot(along, across));
  row[0] = along * std::cos(angle) - across * std::sin(angle);
  row[1] = along * std::sin(angle) + across * std::cos(angle);
}

DoubleWell::DoubleWell(std::int64_t dimension, double noise)
    : dimension_(dimension), noise_(noise), log_partition_(0.0) {
  // Outside these limits the integrand is below e^-745, the smallest positive double.
  const double reach = std::sqrt(8.0 * 745.0) * noise;
  double half = 0.0;
  for_gauss_legendre(std::sqrt(std::max(0.0, 1.0 - reach)), std::sqrt(1.0 + reach), 512,
                     [&](double t, double weight) { half += weight * std::exp(-well(t)); });
  log_partition_ = std::log(2.0 * half);
}

double DoubleWell::well(double x) const {
  const double height = (x * x - 1.0) / noise_;
  return 0.125 * height * height;
}

std::optional<double> DoubleWell::log_density(std::span<const double> x) const {
  double energy = well(x[0]) + log_partition_;
  for (std::size_t i = 1; i < x.size(); ++i)
    energy += 0.5 * x[i] * x[i] / (noise_ * noise_) + std::log(noise_) + 0.5 * std::log(2.0 * pi);
  return -energy;
}

void DoubleWell::sample_row(SampleDraws& draws, std::span<double> row) const {
  // Rejection, exact: (r² - 1)² = (r - 1)²(r + 1)² >= (r - 1)² for r >= 0, so that r = 1 + 2σn is an
  // envelope.
  double distance = 0.0;
  for (bool accepted = false; !accepted;) {
    const double deviation = 2.0 * draws.normal();
    distance = 1.0 + noise_ * deviation;
    accepted = std::log(draws.uniform()) < 0.125 * deviation * deviation - well(distance) && distance > 0.0;
  }
  row[0] = draws.below(2) == 0 ? distance : -distance;
  for (std::size_t i = 1; i < row.size(); ++i) row[i] = noise_ * draws.normal();
}

std::optional<double> Funnel::log_density(std::span<const double> x) const {
  const double log_root_two_pi = 0.5 * std::log(2.0 * pi);
  double energy = 0.5 * x[0] * x[0] / (noise_ * noise_) + std::log(noise_) + log_root_two_pi;
  for (std::size_t i = 1; i < x.size(); ++i)
    energy += 0.5 * (x[i] * x[i] * std::exp(-x[0]) + x[0]) + log_root_two_pi;
  return -energy;
}

void Funnel::sample_row(SampleDraws& draws, std::span<double> row) const {
  row[0] = noise_ * draws.normal();
  for (std::size_t i = 1; i < row.size(); ++i) row[i] = std::exp(0.5 * row[0]) * draws.normal();
}

}  // namespace ebmpi::data
