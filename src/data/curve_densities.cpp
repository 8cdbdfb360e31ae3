// SPDX-License-Identifier: Apache-2.0
#include "data/curve_densities.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "data/gauss_legendre.hpp"

namespace ebmpi::data {

namespace {

constexpr double pi = std::numbers::pi;

/// More panels than this would make one value of log p cost milliseconds.
constexpr double largest_panel_count = 20000.0;

double parameter_density(const Curve& curve, double t) {
  if (curve.parameter_density == ParameterDensity::rising) return 2.0 * t / (curve.last * curve.last);
  return 1.0 / (curve.last - curve.first);
}

/// The parameter whose cumulative probability is u.
double parameter_quantile(const Curve& curve, double u) {
  if (curve.parameter_density == ParameterDensity::rising) return curve.last * std::sqrt(u);
  return curve.first + (curve.last - curve.first) * u;
}

double panel_count(const Curve& curve, double noise) {
  return std::ceil((curve.last - curve.first) * curve.largest_speed / noise);
}

}  // namespace

NoisyCurves::NoisyCurves(std::string_view name, std::vector<Curve> curves, double noise)
    : name_(name), curves_(std::move(curves)), noise_(noise) {
  double panels = 0.0;
  for (const Curve& curve : curves_) panels += panel_count(curve, noise);
  if (panels > largest_panel_count) return;
  const double branch_weight = 1.0 / static_cast<double>(curves_.size());
  for (const Curve& curve : curves_) {
    // At least 16 panels: with a wide Gaussian the curve's own bends are the finer scale.
    const auto count = static_cast<std::int64_t>(std::max(16.0, panel_count(curve, noise)));
    for_gauss_legendre(curve.first, curve.last, count, [&](double t, double weight) {
      const Point point = curve.point(t);
      node_x_.push_back(point[0]);
      node_y_.push_back(point[1]);
      node_weights_.push_back(branch_weight * weight * parameter_density(curve, t));
    });
  }
}

std::optional<double> NoisyCurves::log_density(std::span<const double> x) const {
  if (node_weights_.empty()) return std::nullopt;
  const auto squared_distance = [&](std::size_t i) {
    const double dx = x[0] - node_x_[i], dy = x[1] - node_y_[i];
    return dx * dx + dy * dy;
  };
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < node_x_.size(); ++i) nearest = std::min(nearest, squared_distance(i));
  const double factor = 0.5 / (noise_ * noise_);
  double sum = 0.0;
  for (std::size_t i = 0; i < node_x_.size(); ++i) {
    const double exponent = factor * (nearest - squared_distance(i));
    if (exponent > -50.0)
      sum += node_weights_[i] * std::exp(exponent);  // e^-50 is below the rounding of the sum
  }
  return std::log(sum) - factor * nearest - std::log(2.0 * pi * noise_ * noise_);
}

void NoisyCurves::sample_row(SampleDraws& draws, std::span<double> row) const {
  const auto branch = static_cast<std::size_t>(draws.below(static_cast<std::int64_t>(curves_.size())));
  const Curve& curve = curves_[branch];
  const Point point = curve.point(parameter_quantile(curve, draws.uniform()));
  row[0] = point[0] + noise_ * draws.normal();
  row[1] = point[1] + noise_ * draws.normal();
}

namespace {

Curve left_arc() {
  return {0.0, pi, 1.0, ParameterDensity::uniform, [](double t) { return Point{std::cos(t), std::sin(t)}; }};
}

Curve right_arc() {
  return {0.0, pi, 1.0, ParameterDensity::uniform, [](double t) {
            return Point{1.0 - std::cos(t), 0.5 - std::sin(t)};
          }};
}

}  // namespace

std::unique_ptr<Density> two_moons(double noise) {
  return std::make_unique<NoisyCurves>("two_moons", std::vector<Curve>{left_arc(), right_arc()}, noise);
}

std::unique_ptr<Density> left_moon(double noise) {
  return std::make_unique<NoisyCurves>("left_moon", std::vector<Curve>{left_arc()}, noise);
}

std::unique_ptr<Density> right_moon(double noise) {
  return std::make_unique<NoisyCurves>("right_moon", std::vector<Curve>{right_arc()}, noise);
}

std::unique_ptr<Density> rings(double noise) {
  std::vector<Curve> circles;
  for (const double radius : {0.75, 1.5, 2.25, 3.0}) {
    const auto circle = [radius](double t) { return Point{radius * std::cos(t), radius * std::sin(t)}; };
    circles.push_back({0.0, 2.0 * pi, radius, ParameterDensity::uniform, circle});
  }
  return std::make_unique<NoisyCurves>("rings", std::move(circles), noise);
}

std::unique_ptr<Density> spirals(double noise) {
  constexpr double last = 3.0 * pi;
  const double largest_speed = std::sqrt(1.0 + last * last) / 3.0;
  std::vector<Curve> arms;
  for (const double sign : {1.0, -1.0}) {
    const auto arm = [sign](double t) {
      return Point{-sign * t * std::cos(t) / 3.0, sign * t * std::sin(t) / 3.0};
    };
    arms.push_back({0.0, last, largest_speed, ParameterDensity::rising, arm});
  }
  return std::make_unique<NoisyCurves>("spirals", std::move(arms), noise);
}

std::unique_ptr<Density> swiss_roll(double noise) {
  constexpr double first = 1.5 * pi, last = 4.5 * pi;
  const double largest_speed = std::sqrt(1.0 + last * last) / 5.0;
  const auto roll = [](double t) { return Point{t * std::cos(t) / 5.0, t * std::sin(t) / 5.0}; };
  return std::make_unique<NoisyCurves>(
      "swiss_roll", std::vector<Curve>{{first, last, largest_speed, ParameterDensity::uniform, roll}}, noise);
}

}  // namespace ebmpi::data
