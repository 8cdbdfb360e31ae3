// SPDX-License-Identifier: Apache-2.0
#include "inference/coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ebmpi::inference {
namespace {

bool has_lower(const BoundedParameter& parameter) {
  return std::isfinite(parameter.lower);
}
bool has_upper(const BoundedParameter& parameter) {
  return std::isfinite(parameter.upper);
}

double logistic(double u) {
  return u >= 0.0 ? 1.0 / (1.0 + std::exp(-u)) : std::exp(u) / (1.0 + std::exp(u));
}

double unconstrained_theta(const BoundedParameter& parameter, double u) {
  const auto& [name, lower, upper] = parameter;
  if (has_lower(parameter) && has_upper(parameter)) {
    // From the nearer bound, where most digits are left.
    return u < 0.0 ? lower + (upper - lower) * logistic(u) : upper - (upper - lower) * logistic(-u);
  }
  if (has_lower(parameter)) return lower + std::exp(u);
  if (has_upper(parameter)) return upper - std::exp(-u);
  return u;
}

double unconstrained_u(const BoundedParameter& parameter, double theta) {
  if (has_lower(parameter) && has_upper(parameter))
    return std::log((theta - parameter.lower) / (parameter.upper - theta));
  if (has_lower(parameter)) return std::log(theta - parameter.lower);
  if (has_upper(parameter)) return -std::log(parameter.upper - theta);
  return theta;
}

double unconstrained_slope(const BoundedParameter& parameter, double u) {
  if (has_lower(parameter) && has_upper(parameter))
    return (parameter.upper - parameter.lower) * logistic(u) * logistic(-u);
  if (has_lower(parameter)) return std::exp(u);
  if (has_upper(parameter)) return std::exp(-u);
  return 1.0;
}

/// Mirrored at the bounds until it is between them.
double reflected(const BoundedParameter& parameter, double theta) {
  const auto& [name, lower, upper] = parameter;
  if (has_lower(parameter) && has_upper(parameter)) {
    const double range = upper - lower;
    const double offset = std::fmod(std::abs(theta - lower), 2.0 * range);
    return lower + (offset <= range ? offset : 2.0 * range - offset);
  }
  if (has_lower(parameter)) return lower + std::abs(theta - lower);
  if (has_upper(parameter)) return upper - std::abs(theta - upper);
  return theta;
}

double strictly_inside(const BoundedParameter& parameter, double theta) {
  if (theta <= parameter.lower)
    return std::nextafter(parameter.lower, std::numeric_limits<double>::infinity());
  if (theta >= parameter.upper)
    return std::nextafter(parameter.upper, -std::numeric_limits<double>::infinity());
  return theta;
}

}  // namespace

Coordinates::Coordinates(std::vector<BoundedParameter> parameters, CoordinateKind kind)
    : parameters_(std::move(parameters)), kind_(kind) {}

std::vector<double> Coordinates::theta(std::span<const double> u) const {
  std::vector<double> result(u.begin(), u.end());
  if (kind_ == CoordinateKind::plain) {
    clip(result);
    return result;
  }
  for (std::size_t i = 0; i < u.size(); ++i) result[i] = unconstrained_theta(parameters_[i], u[i]);
  return result;
}

std::vector<double> Coordinates::u(std::span<const double> theta) const {
  std::vector<double> result(theta.begin(), theta.end());
  if (kind_ == CoordinateKind::plain) return result;
  for (std::size_t i = 0; i < theta.size(); ++i) result[i] = unconstrained_u(parameters_[i], theta[i]);
  return result;
}

std::vector<double> Coordinates::slope(std::span<const double> u) const {
  std::vector<double> result(u.size(), 1.0);
  if (kind_ == CoordinateKind::plain) return result;
  for (std::size_t i = 0; i < u.size(); ++i) result[i] = unconstrained_slope(parameters_[i], u[i]);
  return result;
}

void Coordinates::simulated_theta(std::span<const double> u, std::span<double> theta) const {
  for (std::size_t i = 0; i < u.size(); ++i) {
    const BoundedParameter& parameter = parameters_[i];
    const double inside =
        kind_ == CoordinateKind::plain ? reflected(parameter, u[i]) : unconstrained_theta(parameter, u[i]);
    theta[i] = strictly_inside(parameter, inside);
  }
}

void Coordinates::clip(std::span<double> u) const {
  if (kind_ != CoordinateKind::plain) return;
  for (std::size_t i = 0; i < u.size(); ++i) {
    if (std::isfinite(u[i])) u[i] = std::clamp(u[i], parameters_[i].lower, parameters_[i].upper);
  }
}

}  // namespace ebmpi::inference
