// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ebmpi::data {

enum class Covariance { full, diagonal };

/// p(x) = Σ_c w_c N(x; m_c, L_c L_cᵀ) of C components in D coordinates.
struct GaussianMixture {
  std::int64_t dimension = 0;
  Covariance covariance = Covariance::full;
  std::vector<double> weights;  ///< (C), w, positive, of sum 1
  std::vector<double> means;    ///< (C, D), m
  std::vector<double> factors;  ///< (C, D, D), L: lower triangular of positive diagonal, row-major

  std::int64_t components() const { return static_cast<std::int64_t>(weights.size()); }

  /// log p(x) in nats at x (D). MixtureDensity is faster for more than one point.
  double log_density(std::span<const double> x) const;
};

/// Evaluates one mixture, which must outlive it, point by point.
class MixtureDensity {
public:
  explicit MixtureDensity(const GaussianMixture& mixture);

  /// log p(x) in nats at x (D); `shares` (C) becomes the probability P(c | x) of each component.
  double operator()(std::span<const double> x, std::span<double> shares);

private:
  /// ‖L_c⁻¹(x - m_c)‖².
  double squared_distance(std::size_t component, std::span<const double> x);

  const GaussianMixture& mixture_;
  std::vector<double> log_peaks_;         // (C), log w_c + log N(m_c; m_c, L_c L_cᵀ)
  std::vector<double> inverse_diagonal_;  // (C, D), of 1 / L_ii
  std::vector<double> whitened_;          // (D), L⁻¹(x - m)
};

}  // namespace ebmpi::data
