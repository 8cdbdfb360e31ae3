// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ebmpi::data {

/// The map between data space (D) and model space (K): z = P ((x - mean) / scale). P (K, D) has orthonormal
/// rows; without it K = D and z = (x - mean) / scale. Blocks of rows are row-major; their number follows from
/// the sizes of the spans.
class DataTransform {
public:
  /// `mean` and `scale` (D), `projection` (K, D) row-major or empty. Throws core::InputError where the sizes
  /// do not fit together, a number is not finite or a scale is not positive.
  DataTransform(std::vector<double> mean, std::vector<double> scale, std::vector<double> projection = {});

  /// z = x in `dimension` coordinates.
  static DataTransform identity(std::int64_t dimension);

  std::int64_t dimension() const { return static_cast<std::int64_t>(mean_.size()); }  ///< D
  std::int64_t model_dimension() const { return model_dimension_; }                   ///< K
  bool has_projection() const { return !projection_.empty(); }

  const std::vector<double>& mean() const { return mean_; }              ///< (D)
  const std::vector<double>& scale() const { return scale_; }            ///< (D)
  const std::vector<double>& projection() const { return projection_; }  ///< (K, D), or empty

  /// x (B, D) to z (B, K).
  void to_model(std::span<const double> x, std::span<double> z) const;

  /// z (B, K) to x (B, D): x = mean + scale · Pᵀz, the point of the principal subspace that has these
  /// coordinates.
  void to_data(std::span<const double> z, std::span<double> x) const;

  /// The score ∂ log p/∂z (B, K) to ∂ log p/∂x (B, D) by the chain rule: (Pᵀ score_z) / scale. The gradient
  /// of an energy goes the same way.
  void score_to_data(std::span<const double> score_z, std::span<double> score_x) const;

  /// Σ log scale, so that log p(x) = log p(z) - log_volume(). Throws core::InputError with a projection,
  /// which keeps no volume.
  double log_volume() const;

private:
  /// out (D) = Pᵀ z for one row.
  void project_back(std::span<const double> z, std::span<double> out) const;

  std::vector<double> mean_;
  std::vector<double> scale_;
  std::vector<double> projection_;
  std::int64_t model_dimension_;
};

}  // namespace ebmpi::data
