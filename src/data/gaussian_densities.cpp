// SPDX-License-Identifier: Apache-2.0
#include "data/gaussian_densities.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace ebmpi::data {

namespace {

const double log_two_pi = std::log(2.0 * std::numbers::pi);

double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

IsotropicMixture::IsotropicMixture(std::string_view name, std::int64_t dimension, std::vector<double> means,
                                   std::vector<double> weights, double standard_deviation)
    : name_(name),
      dimension_(dimension),
      means_(std::move(means)),
      weights_(std::move(weights)),
      standard_deviation_(standard_deviation) {
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& weight : weights_) weight /= total;
}

std::span<const double> IsotropicMixture::mean(std::size_t component) const {
  const auto size = static_cast<std::size_t>(dimension_);
  return std::span(means_).subspan(component * size, size);
}

std::optional<double> IsotropicMixture::log_density(std::span<const double> x) const {
  const double variance = standard_deviation_ * standard_deviation_;
  std::vector<double> exponents(weights_.size());
  for (std::size_t k = 0; k < exponents.size(); ++k)
    exponents[k] = std::log(weights_[k]) - 0.5 * squared_distance(x, mean(k)) / variance;
  const double largest = *std::ranges::max_element(exponents);
  double sum = 0.0;
  for (const double exponent : exponents) sum += std::exp(exponent - largest);
  const double log_normalisation =
      static_cast<double>(dimension_) * (0.5 * log_two_pi + std::log(standard_deviation_));
  return largest + std::log(sum) - log_normalisation;
}

void IsotropicMixture::sample_row(SampleDraws& draws, std::span<double> row) const {
  double remaining = draws.uniform();
  std::size_t component = 0;
  while (component + 1 < weights_.size() && remaining >= weights_[component])
    remaining -= weights_[component++];
  const std::span<const double> centre = mean(component);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = centre[i] + standard_deviation_ * draws.normal();
}

AutoregressiveGaussian::AutoregressiveGaussian(std::string_view name, std::int64_t dimension,
                                               double correlation)
    : name_(name),
      dimension_(dimension),
      correlation_(correlation),
      innovation_(std::sqrt(1.0 - correlation * correlation)) {}

std::optional<double> AutoregressiveGaussian::log_density(std::span<const double> x) const {
  double energy = 0.5 * (x[0] * x[0] + log_two_pi);
  for (std::size_t i = 1; i < x.size(); ++i) {
    const double residual = (x[i] - correlation_ * x[i - 1]) / innovation_;
    energy += 0.5 * (residual * residual + log_two_pi) + std::log(innovation_);
  }
  return -energy;
}

void AutoregressiveGaussian::sample_row(SampleDraws& draws, std::span<double> row) const {
  row[0] = draws.normal();
  for (std::size_t i = 1; i < row.size(); ++i)
    row[i] = correlation_ * row[i - 1] + innovation_ * draws.normal();
}

std::unique_ptr<Density> eight_gaussians(double noise) {
  std::vector<double> means;
  for (int k = 0; k < 8; ++k) {
    const double angle = 0.25 * std::numbers::pi * k;
    means.insert(means.end(), {2.0 * std::cos(angle), 2.0 * std::sin(angle)});
  }
  return std::make_unique<IsotropicMixture>("eight_gaussians", 2, std::move(means),
                                            std::vector<double>(8, 1.0), noise);
}

std::unique_ptr<Density> twenty_five_gaussians(double noise) {
  std::vector<double> means;
  for (int i = -2; i <= 2; ++i)
    for (int j = -2; j <= 2; ++j) means.insert(means.end(), {static_cast<double>(i), static_cast<double>(j)});
  return std::make_unique<IsotropicMixture>("twenty_five_gaussians", 2, std::move(means),
                                            std::vector<double>(25, 1.0), noise);
}

std::unique_ptr<Density> gaussian(std::int64_t dimension) {
  return std::make_unique<AutoregressiveGaussian>("gaussian", dimension, 0.5);
}

std::unique_ptr<Density> gaussian_mixture(std::int64_t dimension, double noise) {
  const auto size = static_cast<std::size_t>(dimension);
  const std::size_t axes = std::min<std::size_t>(size, 3);
  std::vector<double> means((axes + 1) * size, 0.0);
  means[0] = -2.0;
  for (std::size_t axis = 0; axis < axes; ++axis) means[(axis + 1) * size + axis] = 2.0;
  std::vector<double> weights(axes + 1);
  std::iota(weights.begin(), weights.end(), 1.0);
  return std::make_unique<IsotropicMixture>("gaussian_mixture", dimension, std::move(means),
                                            std::move(weights), noise);
}

}  // namespace ebmpi::data
