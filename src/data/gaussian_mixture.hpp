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

/// Evaluates one mixture point by point.
class MixtureDensity {
public:
  explicit MixtureDensity(const GaussianMixture& mixture);

  /// log p(x) in nats at x (D); `shares` (C) becomes the probability P(c | x) of each component, or 0 where
  /// that is less than e⁻⁴⁰ of the largest.
  double operator()(std::span<const double> x, std::span<double> shares);

private:
  /// squares_ = ‖L_c⁻¹(x - m_c)‖² of all components, side by side, which makes them the lanes of vector
  /// instructions.
  void whiten(std::span<const double> x);

  Covariance covariance_;
  std::size_t dimension_, components_;
  std::vector<double> log_peaks_;         // (C), log w_c + log N(m_c; m_c, L_c L_cᵀ)
  std::vector<double> means_;             // (D, C)
  std::vector<double> inverse_diagonal_;  // (D, C), 1 / L_ii
  std::vector<double> triangles_;         // (D (D - 1) / 2, C), L_ij for j < i row by row; of full ones only
  std::vector<double> whitened_;          // (D, C)
  std::vector<double> squares_;           // (C)
};

}  // namespace ebmpi::data
