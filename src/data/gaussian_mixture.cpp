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
    : covariance_(mixture.covariance),
      dimension_(static_cast<std::size_t>(mixture.dimension)),
      components_(mixture.weights.size()),
      whitened_(dimension_ * components_),
      squares_(components_) {
  const double log_root_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
  const auto factor = [&](std::size_t c, std::size_t i, std::size_t j) {
    return mixture.factors[(c * dimension_ + i) * dimension_ + j];
  };
  for (const double weight : mixture.weights) log_peaks_.push_back(std::log(weight));
  for (std::size_t i = 0; i < dimension_; ++i) {
    for (std::size_t c = 0; c < components_; ++c) {
      means_.push_back(mixture.means[c * dimension_ + i]);
      inverse_diagonal_.push_back(1.0 / factor(c, i, i));
      log_peaks_[c] -= std::log(factor(c, i, i)) + log_root_two_pi;
    }
    if (covariance_ == Covariance::diagonal) continue;
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t c = 0; c < components_; ++c) triangles_.push_back(factor(c, i, j));
    }
  }
}

void MixtureDensity::whiten(std::span<const double> x) {
  const std::size_t lanes = components_;
  double* const squares = squares_.data();
  const double* element = triangles_.data();
  std::ranges::fill(squares_, 0.0);
  for (std::size_t i = 0; i < dimension_; ++i) {
    const double* const mean = &means_[i * lanes];
    const double* const inverse = &inverse_diagonal_[i * lanes];
    double* const value = &whitened_[i * lanes];
    for (std::size_t c = 0; c < lanes; ++c) value[c] = x[i] - mean[c];
    if (covariance_ == Covariance::full) {
      for (std::size_t j = 0; j < i; ++j, element += lanes) {
        const double* const before = &whitened_[j * lanes];
        for (std::size_t c = 0; c < lanes; ++c) value[c] -= element[c] * before[c];
      }
    }
    for (std::size_t c = 0; c < lanes; ++c) {
      value[c] *= inverse[c];
      squares[c] += value[c] * value[c];
    }
  }
}

double MixtureDensity::operator()(std::span<const double> x, std::span<double> shares) {
  whiten(x);
  for (std::size_t c = 0; c < components_; ++c) shares[c] = log_peaks_[c] - 0.5 * squares_[c];
  const double largest = *std::ranges::max_element(shares);
  double sum = 0.0;
  for (double& share : shares) {
    // e⁻⁴⁰ is less than half the last place of the largest, which is 1, and exp is slow near its underflow.
    share = share - largest < -40.0 ? 0.0 : std::exp(share - largest);
    sum += share;
  }
  for (double& share : shares) share /= sum;
  return largest + std::log(sum);
}

}  // namespace ebmpi::data
