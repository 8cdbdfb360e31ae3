// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// Coordinates up to which a grid is possible.
inline constexpr std::int64_t most_grid_dimensions = 3;

/// The box of a grid, and how fine it is.
struct GridSettings {
  /// The box holds the range of the training data and this many of their standard deviations on both sides of
  /// their mean, coordinate by coordinate; > 0.
  double deviations = 6.0;
  std::int64_t intervals = 0;  ///< on each side, even; 0: 1024, 512 or 128, by the dimension
};

/// log Z in model space of exp(-E/T), by the trapezoidal rule.
struct GridLogZ {
  double log_z = 0.0;
  double half_resolution = 0.0;  ///< log Z from every second point of each side
  double edge_mass = 0.0;        ///< share of Z at the points in the outer 10 % of the box, on any side
  std::int64_t intervals = 0;    ///< on each side
  std::vector<double> minimum, maximum;  ///< (K), the box

  /// A bound on the error rather than a standard error: what halving the resolution changes, and the mass at
  /// the edge in place of that beyond it.
  double error() const;
};

/// Throws core::InputError, saying why, where the model has too many coordinates for a grid.
template <class Scalar>
void check_grid_is_possible(const training::Model<Scalar>& model);

/// Collective. The ranks share the points in blocks of a fixed size, whose sums are added in their order, so
/// that no bit depends on the ranks; memory is bounded. Throws core::InputError as check_grid_is_possible;
/// core::DivergenceError where an energy is NaN or -infinity.
template <class Scalar>
GridLogZ grid_log_z(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                    const GridSettings& settings = {});

}  // namespace ebmpi::evaluation
