// SPDX-License-Identifier: Apache-2.0
#include "inference/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "inference/information.hpp"
#include "statistics/chi_square_quantile.hpp"
#include "statistics/normal_quantile.hpp"

namespace ebmpi::inference {
namespace {

std::span<const double> rows_from(const std::vector<double>& rows, std::int64_t first, std::size_t columns) {
  return std::span(rows).subspan(static_cast<std::size_t>(first) * columns);
}

std::vector<double> mean_row(std::span<const double> rows, std::size_t columns) {
  const std::size_t count = rows.size() / columns;
  std::vector<double> mean(columns, 0.0);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < columns; ++i) mean[i] += rows[row * columns + i] / static_cast<double>(count);
  }
  return mean;
}

/// (N I)⁻¹ and the error of the tail's mean, both in u.
std::vector<double> whole_covariance(const Estimate& estimate, std::size_t size) {
  std::vector<double> covariance = inverse(size, estimate.information);
  for (std::size_t i = 0; i < covariance.size(); ++i) {
    covariance[i] =
        covariance[i] / static_cast<double>(estimate.observations) + estimate.simulation_covariance[i];
  }
  return covariance;
}

void add_parameters(Estimate& estimate, const Coordinates& coordinates) {
  const std::size_t size = coordinates.size();
  const std::vector<double> theta = coordinates.theta(estimate.u), slope = coordinates.slope(estimate.u);
  const double quantile = statistics::normal_quantile(0.5 + 0.5 * estimate.confidence);
  std::vector<double> low(size), high(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double error = estimate.is_determined() ? std::sqrt(estimate.covariance[i * (size + 1)])
                                                  : std::numeric_limits<double>::quiet_NaN();
    low[i] = estimate.u[i] - quantile * error;
    high[i] = estimate.u[i] + quantile * error;
    estimate.parameters.push_back(
        {.name = coordinates.parameters()[i].name,
         .estimate = theta[i],
         .standard_error = slope[i] * error,
         .simulation_error = slope[i] * std::sqrt(estimate.simulation_covariance[i * (size + 1)])});
  }
  // Both ends by the map itself: an interval of u is one of θ.
  const std::vector<double> lower = coordinates.theta(low), upper = coordinates.theta(high);
  for (std::size_t i = 0; i < size; ++i) {
    estimate.parameters[i].lower = lower[i];
    estimate.parameters[i].upper = upper[i];
  }
}

double drift_of(std::span<const double> path, const Estimate& estimate, std::size_t size) {
  if (!estimate.is_determined()) return 0.0;
  const std::size_t half = path.size() / size / 2 * size;
  const std::vector<double> before = mean_row(path.first(half), size),
                            after = mean_row(path.last(half), size);
  double drift = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    const double error = std::sqrt(estimate.covariance[i * (size + 1)]);
    drift = std::max(drift, std::abs(after[i] - before[i]) / error);
  }
  return drift;
}

}  // namespace

Estimate estimate_from(const Trace& trace, std::int64_t first_tail_step, const Coordinates& coordinates,
                       std::int64_t observations, double confidence) {
  const std::size_t size = coordinates.size(), triangle = size * (size + 1) / 2;
  const std::span<const double> path = rows_from(trace.u, first_tail_step, size);
  Estimate estimate;
  estimate.u = mean_row(path, size);
  estimate.tail_steps = static_cast<std::int64_t>(path.size() / size);
  estimate.observations = observations;
  estimate.confidence = confidence;
  estimate.smoothed_information =
      unpacked(size, mean_row(rows_from(trace.smoothed, first_tail_step, triangle), triangle));
  estimate.information =
      unpacked(size, mean_row(rows_from(trace.information, first_tail_step, triangle), triangle));
  estimate.simulation_covariance = covariance_of_mean(size, path);
  estimate.covariance = whole_covariance(estimate, size);
  if (estimate.is_determined()) {
    const std::vector<double> slope = coordinates.slope(estimate.u);
    std::vector<double> inverse_slope;
    for (const double value : slope) inverse_slope.push_back(1.0 / value);
    estimate.theta_covariance = rescaled(inverse_slope, estimate.covariance);
    estimate.region_axes = ellipsoid_axes(
        size, estimate.covariance, statistics::chi_square_quantile(confidence, static_cast<int>(size)));
  }
  estimate.drift = drift_of(path, estimate, size);
  add_parameters(estimate, coordinates);
  return estimate;
}

}  // namespace ebmpi::inference
