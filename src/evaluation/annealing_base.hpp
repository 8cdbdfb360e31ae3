// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/training_data.hpp"
#include "network/affine_map.hpp"

namespace ebmpi::evaluation {

/// The normal distribution that annealing begins with, in model space: z = L u + m, u standard normal.
struct AnnealingBase {
  network::AffineMap to_model;    ///< u to z
  network::AffineMap from_model;  ///< z to u
  double log_volume = 0.0;        ///< log |det L|
  std::string kind;               ///< "full", "diagonal" or "moments": what its covariance came from

  /// log of the integral of exp(-½‖u‖²) over z.
  double log_partition() const;
};

/// The rows (N, D) as the map sees them, (N, K).
std::vector<double> map_rows(const network::AffineMap& map, std::span<const double> rows);

/// Coordinates up to which the covariance of the base has all its entries.
inline constexpr std::int64_t most_full_dimensions = 256;

/// Of the rows z (N, K), their mean and covariance: all of it up to most_full_dimensions and where there are
/// at least 2 K rows, else its diagonal. Directions with less than 1e-4 of the mean variance get that.
AnnealingBase fit_annealing_base(std::span<const double> rows, std::int64_t dimension);

/// Rows that a fit needs.
inline constexpr std::int64_t fewest_base_rows = 32;

/// The fit to the rows z (N, K); where they are fewer than fewest_base_rows, the normal distribution of the
/// model's training rows, coordinate by coordinate.
AnnealingBase choose_annealing_base(std::span<const double> rows, const data::ModelSpaceMoments& moments);

}  // namespace ebmpi::evaluation
