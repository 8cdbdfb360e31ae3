// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/objective.hpp"

namespace ebmpi::objective {

/// log(1 + e^x) and its slope 1/(1 + e^-x), without overflow.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar softplus_and_slope(Scalar x, Scalar& slope) {
  const Scalar decay = core::vector_exp(-Kokkos::abs(x));
  const Scalar tail = decay / (Scalar(1) + decay);
  slope = x > Scalar(0) ? Scalar(1) - tail : tail;
  const Scalar positive = x < Scalar(0) ? Scalar(0) : x;  // keeps a NaN, which vector_log would lose
  return positive + core::vector_log(Scalar(1) + decay);
}

/// Noise contrastive estimation (Gutmann and Hyvärinen 2010, AISTATS, PMLR 9:297): data against ν noise
/// samples for each, told apart by u = -E + c - log p_n - log ν. With h = 1/(1 + e^-u) the loss is -mean log
/// h over the data - ν mean log(1 - h) over the noise, and α⁺ = 1 - h, α⁻ = -h, ∂c = -(1 - h) and h. c, a
/// parameter, estimates -log Z. The terms are sums of the loss, E over the data, E over the noise, and of
/// right guesses u > 0 and u < 0.
template <class Scalar>
struct NoiseContrast : ProgramDefaults<Scalar> {
  static constexpr int order = 0;
  static constexpr int terms = 5;

  double ratio = 1;  ///< ν, noise samples to a data row; > 0

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>& batch) const {
    const bool data = b.block.is_data();
    const Scalar sign = data ? Scalar(1) : Scalar(-1), share = data ? Scalar(1) : Scalar(1.0 / ratio);
    const Scalar offset = *b.log_normalizer - static_cast<Scalar>(Kokkos::log(ratio));
    Scalar* const energies = b.term(data ? 1 : 2);
    Scalar* const hits = b.term(data ? 3 : 4);
    const Scalar* const log_noise = batch.log_noise.data() + b.block.first;
    const int last = b.block.count - 1;
    const Scalar figured = b.block.is_background() ? Scalar(0) : share;
    core::for_each_lane(member, 1, [=](int, int lane) {
      const Scalar energy = b.output[lane];
      // A wrong guess is likely where sign · u is negative.
      const Scalar u = sign * (offset - energy - log_noise[lane < last ? lane : last]);
      Scalar slope;
      b.term(0)[lane] = softplus_and_slope(-u, slope);
      b.weights[lane] = sign * slope;
      b.normalizer[lane] = -sign * slope;
      b.share[lane] = share;
      energies[lane] = figured * energy;
      hits[lane] = u > Scalar(0) ? figured : Scalar(0);
    });
  }

  double work(int) const { return 6.0 * (1.0 + ratio); }
  /// `loss` and energy_data, energy_noise, accuracy = mean of the shares of data and of noise that are told
  /// apart (0.5 when the noise is like the data).
  LossReport report(const double* sums, double rows) const;
};

/// For networks that learn a log normaliser.
template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_noise_contrast(double ratio,
                                                       const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
