// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/objective.hpp"
#include "objective/random_directions.hpp"

namespace ebmpi::objective {

/// Where the squared score of score matching comes from: ½(v·∇E)² along each direction (Song et al. 2019,
/// arXiv 1905.07088), or ½‖∇E‖² itself (their variance-reduced form). With the latter only the trace of the
/// Hessian is random: that is Hutchinson's estimator of it (Hutchinson 1990, doi:10.1080/03610919008812866).
enum class SquaredScore { along_directions, whole };

struct ScoreMatchingSettings {
  Directions directions = Directions::basis;
  SquaredScore squared_score = SquaredScore::along_directions;
  int projections = 1;       ///< M, random directions of a row; >= 1, without a meaning for a basis
  core::PhiloxKey key = {};  ///< of the random directions
};

/// Directions that one pass carries: as many as keep its workspace in the caches that a core has to itself,
/// as far as that can be said without knowing the machine. They fix how sums are grouped.
int directions_in_pass(const network::MlpShape& shape, int directions);

/// What the programs of score matching share: their directions, cut into passes.
template <class Scalar>
struct DirectedDefaults : ProgramDefaults<Scalar> {
  Directions kind = Directions::basis;
  SquaredScore squared_score = SquaredScore::along_directions;
  int projections = 1;
  int most_directions = 1;  // in a pass
  core::PhiloxKey key = {};

  /// For a network of that shape.
  void take(const ScoreMatchingSettings& settings, const network::MlpShape& shape) {
    kind = settings.directions;
    squared_score = settings.squared_score;
    projections = settings.projections;
    key = settings.key;
    most_directions = directions_in_pass(shape, all_directions(shape.inputs));
  }

  KOKKOS_FORCEINLINE_FUNCTION bool exact() const { return kind == Directions::basis; }
  KOKKOS_FORCEINLINE_FUNCTION int all_directions(int dimension) const {
    return exact() ? dimension : projections;
  }
  KOKKOS_FORCEINLINE_FUNCTION int passes(int dimension) const {
    return (all_directions(dimension) + most_directions - 1) / most_directions;
  }
  KOKKOS_FORCEINLINE_FUNCTION int directions(int dimension, int pass) const {
    const int left = all_directions(dimension) - pass * most_directions;
    return left < most_directions ? left : most_directions;
  }
  /// 1/M, or 1 for unit vectors: the weight of a direction in a sum over them.
  KOKKOS_FORCEINLINE_FUNCTION Scalar scale() const {
    return exact() ? Scalar(1) : Scalar(1) / static_cast<Scalar>(projections);
  }
};

}  // namespace ebmpi::objective
