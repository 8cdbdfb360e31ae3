// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/directed_program.hpp"

namespace ebmpi::objective {

/// Score matching (Hyvärinen 2005, JMLR 6:695) of an energy: mean ½‖∇E‖² - ΔE over the data, exact or along
/// random directions. All are the same program: directions v_k, the stream ℓ that sums v_kᵀ(∇²E)v_k, and
/// weights on both. With the unit vectors, ½ Σ_k E_k² - ΔE. The terms are sums of ½‖∇E‖², ΔE and E.
///
/// ½‖∇E‖² needs no stream of its own: with ℓ_0 = -a∇E in the input's last stream, held fixed, ℓ also carries
/// -a∇E·∇E, so that its weight -1/M gives -tr/M and, with a = M, ∂/∂θ ½‖∇E‖².
template <class Scalar>
struct ScoreMatching : DirectedDefaults<Scalar> {
  static constexpr int order = 2;
  static constexpr int terms = 3;

  /// The factor of ½‖∇E‖² that comes through ℓ_0; without it the unit vectors give all of ∇E.
  KOKKOS_FORCEINLINE_FUNCTION Scalar seeded() const {
    const bool whole = this->squared_score == SquaredScore::whole;
    const Scalar penalty = this->exact() && !whole ? Scalar(0) : Scalar(2) * this->regularization.gradient;
    return penalty + (whole ? Scalar(1) : Scalar(0));
  }
  KOKKOS_FORCEINLINE_FUNCTION bool wants_gradient(int pass) const {
    return pass == 0 && seeded() > Scalar(0);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    set_directions(member, b, this->kind, this->key, batch.step, b.pass * this->most_directions);
    core::for_each_lane(member, b.inputs,
                        [=](int row, int lane) { b.input_row(row, 1 + b.directions)[lane] = 0; });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void aim(const Member& member, const JetBlock<Scalar>& b,
                                       const JetBatch<Scalar>&) const {
    const Scalar factor = -seeded() / this->scale();
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
    const Scalar one_of = this->scale(), seed = wants_gradient(b.pass) ? seeded() : Scalar(0);
    const bool whole = this->squared_score == SquaredScore::whole, is_exact = this->exact(),
               first = b.pass == 0;
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
