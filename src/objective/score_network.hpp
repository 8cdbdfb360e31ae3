// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/denoising.hpp"
#include "objective/directed_program.hpp"

// A network that gives the score s(x), D numbers, itself: the losses of score matching with s in place of
// -∇E. There is no energy, and s need not be a gradient.

namespace ebmpi::objective {

/// mean ½‖s‖² + ∇·s over the data, exact or along random directions (½(v·s)² or ½‖s‖², + vᵀ∇(v·s)): jets of
/// order 1. The terms are sums of the squared score and of the divergence.
template <class Scalar>
struct ScoreNetworkMatching : DirectedDefaults<Scalar> {
  static constexpr int order = 1;
  static constexpr int terms = 2;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    set_directions(member, b, this->kind, this->key, batch.step, b.pass * this->most_directions);
  }

  /// The weight of ∇_v s along v is v itself, since vᵀ∇(v·s) = v·(∇_v s); for unit vectors as well.
  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const Scalar one_of = this->scale();
    const bool whole = this->squared_score == SquaredScore::whole || this->exact();
    core::sum_rows(member, b.outputs, b.slope_square, [=](int row, int lane) {
      return b.pass == 0 ? b.output[row * b.lanes + lane] * b.output[row * b.lanes + lane] : Scalar(0);
    });
    if (whole && b.pass == 0) {
      core::for_each_lane(member, b.outputs, [=](int row, int lane) {
        b.weights[row * b.lanes + lane] = b.output[row * b.lanes + lane];
      });
      core::for_each_lane(member, 1,
                          [=](int, int lane) { b.term(0)[lane] = Scalar(0.5) * b.slope_square[lane]; });
    }
    for (int k = 0; k < b.directions; ++k) {
      const int stream = (1 + k) * b.size;
      core::sum_rows(member, b.outputs, b.kept, [=](int row, int lane) {
        return b.input_row(row, 1 + k)[lane] * b.output[row * b.lanes + stream + lane];
      });
      core::for_each_lane(member, 1, [=](int, int lane) { b.term(1)[lane] += one_of * b.kept[lane]; });
      core::for_each_lane(member, b.outputs, [=](int row, int lane) {
        b.weights[row * b.lanes + stream + lane] = one_of * b.input_row(row, 1 + k)[lane];
      });
      if (!whole) add_projection(member, b, k, one_of);
    }
  }

  /// As for an energy, a stream costs 6W; there is no ℓ.
  double work(int dimension) const {
    return 6.0 * (this->all_directions(dimension) + this->passes(dimension));
  }
  /// `loss` and squared_score, divergence.
  LossReport report(const double* sums, double rows) const;

private:
  /// ½(v·s)² of direction k.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void add_projection(const Member& member, const JetBlock<Scalar>& b, int k,
                                                  Scalar one_of) const {
    core::sum_rows(member, b.outputs, b.kept, [=](int row, int lane) {
      return b.input_row(row, 1 + k)[lane] * b.output[row * b.lanes + lane];
    });
    core::for_each_lane(member, 1, [=](int, int lane) {
      b.term(0)[lane] += Scalar(0.5) * one_of * b.kept[lane] * b.kept[lane];
    });
    core::for_each_lane(member, b.outputs, [=](int row, int lane) {
      b.weights[row * b.lanes + lane] += one_of * b.kept[lane] * b.input_row(row, 1 + k)[lane];
    });
  }
};

/// mean ½λ(σ)‖r‖² with r = s(x̃) + z/σ: order 0. The term is the sum of the loss.
template <class Scalar>
struct ScoreNetworkDenoising : ProgramDefaults<Scalar> {
  static constexpr int order = 0;
  static constexpr int terms = 1;

  NoiseScale<Scalar> noise;

  KOKKOS_FORCEINLINE_FUNCTION int group() const { return noise.group(); }

  /// z stands where an energy's gradient would.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    noise.disturb(member, b, batch.step, b.gradient, b.size);
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const auto scale = noise;
    const Scalar one_of = Scalar(1) / static_cast<Scalar>(group());
    const auto residual = [=](int row, int lane) {
      return b.output[row * b.lanes + lane] + b.gradient[row * b.size + lane] / b.kept[lane];
    };
    core::sum_rows(member, b.outputs, b.slope_square, [=](int row, int lane) {
      return b.output[row * b.lanes + lane] * b.output[row * b.lanes + lane];
    });
    core::sum_rows(member, b.outputs, b.term(0),
                   [=](int row, int lane) { return residual(row, lane) * residual(row, lane); });
    core::for_each_lane(member, b.outputs, [=](int row, int lane) {
      b.weights[row * b.lanes + lane] = one_of * scale.weight(b.kept[lane]) * residual(row, lane);
    });
    core::for_each_lane(member, 1, [=](int, int lane) {
      b.share[lane] = one_of;
      b.term(0)[lane] *= Scalar(0.5) * one_of * scale.weight(b.kept[lane]);
    });
  }

  double work(int) const { return 6.0 * group(); }
  /// `loss` alone.
  LossReport report(const double* sums, double rows) const { return {sums[0] / rows, {}}; }
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_network_matching(const ScoreMatchingSettings& settings,
                                                               const network::MlpShape& shape);
template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_network_denoising(const DenoisingSettings& settings);

}  // namespace ebmpi::objective
