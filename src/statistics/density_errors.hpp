// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "statistics/estimate.hpp"

namespace ebmpi::statistics {

// How far a model is from a density that is known, at N rows from it. Means over the rows, which every rank
// computes for itself; NaN where a value is not finite. Throw std::invalid_argument where sizes differ or
// there is no row.

/// Fisher divergence E|s_model - s_true|², from the scores (N, D), row-major, of both. Its factor varies
/// between texts; here it is 1.
Estimate fisher_divergence(std::span<const double> model, std::span<const double> truth,
                           std::int64_t dimension);

/// Of Δ = log p_model - log p_true.
struct LogDensityError {
  Estimate bias;         ///< E Δ, which is -KL(true ‖ model)
  Estimate mean_square;  ///< E Δ²
};

/// From the normalised log densities (N) of both.
LogDensityError log_density_error(std::span<const double> model, std::span<const double> truth);

}  // namespace ebmpi::statistics
