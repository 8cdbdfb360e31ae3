// SPDX-License-Identifier: Apache-2.0
#include "data/gaussian_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ebmpi::data {

double GaussianMixture::log_density(std::span<const double> x) const {
  std::vector<double> shares(weights.size());
  return MixtureDensity(*this)(x, shares);
}

MixtureDensity::MixtureDensity(const GaussianMixture& mixture)
    : mixture_(mixture), whitened_(static_cast<std::size_t>(mixture.dimension)) {
  const std::size_t dimension = whitened_.size();
  const double log_root_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
  for (std::size_t c = 0; c < mixture.weights.size(); ++c) {
    double log_peak = std::log(mixture.weights[c]);
    for (std::size_t i = 0; i < dimension; ++i) {
      const double pivot = mixture.factors[(c * dimension + i) * dimension + i];
      log_peak -= std::log(pivot) + log_root_two_pi;
      inverse_diagonal_.push_back(1.0 / pivot);
    }
    log_peaks_.push_back(log_peak);
  }
}

double MixtureDensity::squared_distance(std::size_t component, std::span<const double> x) {
  const std::size_t dimension = whitened_.size();
  const double* const mean = &mixture_.means[component * dimension];
  const double* const inverse = &inverse_diagonal_[component * dimension];
  const bool full = mixture_.covariance == Covariance::full;
  double sum = 0.0;
  for (std::size_t i = 0; i < dimension; ++i) {
    double value = x[i] - mean[i];
    if (full) {
      const double* const row = &mixture_.factors[(component * dimension + i) * dimension];
      for (std::size_t j = 0; j < i; ++j) value -= row[j] * whitened_[j];
    }
    whitened_[i] = value * inverse[i];
    sum += whitened_[i] * whitened_[i];
  }
  return sum;
}

double MixtureDensity::operator()(std::span<const double> x, std::span<double> shares) {
  for (std::size_t c = 0; c < shares.size(); ++c) shares[c] = log_peaks_[c] - 0.5 * squared_distance(c, x);
  const double largest = *std::ranges::max_element(shares);
  double sum = 0.0;
  for (double& share : shares) {
    share = std::exp(share - largest);
    sum += share;
  }
  for (double& share : shares) share /= sum;
  return largest + std::log(sum);
}

}  // namespace ebmpi::data
