// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/jet_block.hpp"

namespace ebmpi::objective {

/// Whether each sample is disturbed once, or by z and by -z, of which the mean loses the terms odd in z and
/// with them most of the variance at small σ (antithetic variates, Hammersley and Morton 1956,
/// doi:10.1017/S0305004100031455).
enum class Pairing { single, antithetic };

/// Weight of a noise level: λ(σ) = σ², which gives every level the same order of loss (Song and Ermon 2019,
/// arXiv 1907.05600), or 1.
enum class LevelWeight { variance, uniform };

struct DenoisingSettings {
  std::vector<double> sigmas = {0.1};  ///< noise scales, each > 0; more than one: the network is told log σ
  LevelWeight level_weight = LevelWeight::variance;
  Pairing pairing = Pairing::single;
  core::PhiloxKey key = {};  ///< of the noise
};

/// The noise of denoising score matching: x̃ = x + σz, with σ from a list that the data rows take in turn.
/// Where the network has an input more than the samples have coordinates it is told log σ.
template <class Scalar>
struct NoiseScale {
  Kokkos::View<const Scalar*, core::MemorySpace> sigmas;  // (L)
  LevelWeight level_weight = LevelWeight::variance;
  Pairing pairing = Pairing::single;
  core::PhiloxKey key = {};

  KOKKOS_FORCEINLINE_FUNCTION int group() const { return pairing == Pairing::antithetic ? 2 : 1; }

  /// λ(σ) of a level.
  KOKKOS_FORCEINLINE_FUNCTION Scalar weight(Scalar sigma) const {
    return level_weight == LevelWeight::variance ? sigma * sigma : Scalar(1);
  }

  /// Disturbs the value stream of the input, writes z, row `d` at z + d · stride, and keeps each lane's σ.
  template <class Member>
  EBMPI_TILE_FUNCTION void disturb(const Member& member, const JetBlock<Scalar>& b, std::uint32_t step,
                                   Scalar* z, int stride) const {
    const auto levels = static_cast<std::uint64_t>(sigmas.extent(0));
    core::for_each(member, b.size, [=, levels_of = sigmas](int lane) {
      b.kept[lane] = levels_of((static_cast<std::uint64_t>(b.numbers[lane]) + step) % levels);
    });
    core::NormalRows<Scalar> normal(key, step, b.numbers, b.ring, b.dimension);
    normal.advance(member);
    const bool antithetic = pairing == Pairing::antithetic;
    for (int row = 0; row < b.dimension; ++row) {
      core::for_each_lane(
          member, 1,
          [=, from = normal.row(row), to = z + row * stride, x = b.input_row(row, 0)](int, int lane) {
            const Scalar number = antithetic && lane % 2 == 1 ? -from[lane] : from[lane];
            to[lane] = number;
            x[lane] += b.kept[lane] * number;
          });
    }
    for (int row = b.dimension; row < b.inputs; ++row) {
      core::for_each(member, b.size,
                     [=, to = b.input_row(row, 0)](int lane) { to[lane] = Kokkos::log(b.kept[lane]); });
    }
  }
};

template <class Scalar>
NoiseScale<Scalar> make_noise_scale(const DenoisingSettings& settings);

}  // namespace ebmpi::objective
