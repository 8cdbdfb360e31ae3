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
int directions_in_pass(int inputs, int hidden_units, int directions);

/// Score matching (Hyvärinen 2005, JMLR 6:695) of an energy: mean ½‖∇E‖² - ΔE over the data, exact or along
/// random directions. All are the same program: directions v_k, the stream ℓ that sums v_kᵀ(∇²E)v_k, and
/// weights on both. With the unit vectors, ½ Σ_k E_k² - ΔE. The terms are sums of ½‖∇E‖², ΔE and E.
///
/// ½‖∇E‖² needs no stream of its own: with ℓ_0 = -a∇E in the input's last stream, held fixed, ℓ also carries
/// -a∇E·∇E, so that its weight -1/M gives -tr/M and, with a = M, ∂/∂θ ½‖∇E‖².
template <class Scalar>
struct ScoreMatching : ProgramDefaults<Scalar> {
  static constexpr int order = 2;
  static constexpr int terms = 3;

  Directions kind = Directions::basis;
  SquaredScore squared_score = SquaredScore::along_directions;
  int projections = 1;
  int most_directions = 1;  // in a pass
  core::PhiloxKey key = {};

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

  /// The factor of ½‖∇E‖² that comes through ℓ_0; without it the unit vectors give all of ∇E.
  KOKKOS_FORCEINLINE_FUNCTION Scalar seeded() const {
    const bool whole = squared_score == SquaredScore::whole;
    const Scalar penalty = exact() && !whole ? Scalar(0) : Scalar(2) * this->regularization.gradient;
    return penalty + (whole ? Scalar(1) : Scalar(0));
  }
  KOKKOS_FORCEINLINE_FUNCTION bool wants_gradient(int pass) const {
    return pass == 0 && seeded() > Scalar(0);
  }
  /// 1/M.
  KOKKOS_FORCEINLINE_FUNCTION Scalar scale() const {
    return exact() ? Scalar(1) : Scalar(1) / static_cast<Scalar>(projections);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    set_directions(member, b, kind, key, batch.step, b.pass * most_directions);
    core::for_each_lane(member, b.inputs,
                        [=](int row, int lane) { b.input_row(row, 1 + b.directions)[lane] = 0; });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void aim(const Member& member, const JetBlock<Scalar>& b,
                                       const JetBatch<Scalar>&) const {
    const Scalar factor = -seeded() / scale();
    core::sum_rows(member, b.dimension, b.slope_square, [=](int row, int lane) {
      return b.gradient[row * b.size + lane] * b.gradient[row * b.size + lane];
    });
    core::for_each_lane(member, b.dimension, [=](int row, int lane) {
      b.input_row(row, 1 + b.directions)[lane] = factor * b.gradient[row * b.size + lane];
    });
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const Scalar one_of = scale(), seed = wants_gradient(b.pass) ? seeded() : Scalar(0);
    const bool whole = squared_score == SquaredScore::whole, is_exact = exact(), first = b.pass == 0;
    const Scalar along =
        (is_exact ? Scalar(1) + Scalar(2) * this->regularization.gradient : Scalar(1)) * one_of;
    const Scalar* const laplacian = b.output + (1 + b.directions) * b.size;
    core::for_each_lane(member, 1, [=](int, int lane) {
      b.weights[(1 + b.directions) * b.size + lane] = -one_of;
      b.term(0)[lane] = whole && first ? Scalar(0.5) * b.slope_square[lane] : Scalar(0);
      b.term(1)[lane] = one_of * laplacian[lane] + seed * b.slope_square[lane];
      b.term(2)[lane] = first ? b.output[lane] : Scalar(0);
    });
    for (int k = 0; k < b.directions && !whole; ++k) {
      core::for_each_lane(member, 1, [=](int, int lane) {
        const Scalar slope = b.output[(1 + k) * b.size + lane];
        b.weights[(1 + k) * b.size + lane] = along * slope;
        b.term(0)[lane] += Scalar(0.5) * one_of * slope * slope;
        if (is_exact) b.slope_square[lane] += slope * slope;
      });
    }
  }

  double work(int dimension) const;
  /// `loss` and squared_score = mean ½‖∇E‖² (or its projection), laplacian = mean ΔE, energy_data.
  LossReport report(const double* sums, double rows) const;
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_matching(const ScoreMatchingSettings& settings,
                                                       const network::MlpShape& shape,
                                                       const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
