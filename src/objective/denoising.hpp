// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/noise_scale.hpp"
#include "objective/objective.hpp"

namespace ebmpi::objective {

/// Denoising score matching (Vincent 2011, doi:10.1162/NECO_a_00142) of an energy: mean ½λ(σ)‖r‖² with r =
/// ∇E(x̃) - z/σ at x̃ = x + σz: the score -∇E is to be that of the noise, ∇ log q(x̃|x) = -z/σ. A jet of order 1
/// along λr, held fixed, with weight 1. The terms are sums of the loss and of E(x̃).
template <class Scalar>
struct Denoising : ProgramDefaults<Scalar> {
  static constexpr int order = 1;
  static constexpr int terms = 2;

  NoiseScale<Scalar> noise;

  KOKKOS_FORCEINLINE_FUNCTION int group() const { return noise.group(); }
  KOKKOS_FORCEINLINE_FUNCTION bool wants_gradient(int) const { return true; }

  /// z stands in the direction's stream until it is known.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    noise.disturb(member, b, batch.step, b.input_row(0, 1), b.lanes);
    for (int row = b.dimension; row < b.inputs; ++row) {
      core::for_each_lane(member, 1, [=, to = b.input_row(row, 1)](int, int lane) { to[lane] = 0; });
    }
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void aim(const Member& member, const JetBlock<Scalar>& b,
                               const JetBatch<Scalar>&) const {
    const auto scale = noise;
    const Scalar penalty = Scalar(2) * this->regularization.gradient;
    const auto residual = [=](int row, int lane) {
      return b.gradient[row * b.size + lane] - b.input_row(row, 1)[lane] / b.kept[lane];
    };
    core::sum_rows(member, b.dimension, b.term(0),
                   [=](int row, int lane) { return residual(row, lane) * residual(row, lane); });
    core::sum_rows(member, b.dimension, b.slope_square, [=](int row, int lane) {
      return b.gradient[row * b.size + lane] * b.gradient[row * b.size + lane];
    });
    core::for_each_lane(member, b.dimension, [=](int row, int lane) {
      b.input_row(row, 1)[lane] =
          scale.weight(b.kept[lane]) * residual(row, lane) + penalty * b.gradient[row * b.size + lane];
    });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const auto scale = noise;
    const Scalar one_of = Scalar(1) / static_cast<Scalar>(group());
    core::for_each_lane(member, 1, [=](int, int lane) {
      b.share[lane] = one_of;
      b.weights[b.size + lane] = one_of;
      b.term(0)[lane] *= Scalar(0.5) * one_of * scale.weight(b.kept[lane]);
      b.term(1)[lane] = one_of * b.output[lane];
    });
  }

  double work(int) const { return 12.0 * group(); }
  /// `loss` and energy_data, the mean of E(x̃).
  LossReport report(const double* sums, double rows) const;
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_denoising(const DenoisingSettings& settings,
                                                  const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
