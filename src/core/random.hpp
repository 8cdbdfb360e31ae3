// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_MathematicalFunctions.hpp>
#include <cstdint>

#include "core/philox.hpp"

namespace ebmpi::core {

/// What a random number is for. Streams of different purposes are independent; the values are part of what
/// makes old runs repeatable, so they are never renumbered.
enum class Purpose : std::uint32_t {
  initial_parameters = 1,
  initial_chains = 2,
  chain_noise = 3,
  chain_restart = 4,
  batch_order = 5,
  validation_split = 6,
  synthetic_data = 7,
  sample_start = 8,
  sample_noise = 9,
  bootstrap = 10,
  data_jitter = 11,
  noise_model = 12,
  noise_samples = 13,
  perturbation = 14,
  projections = 15,
  group_perturbation = 16,
  spectral_start = 17,
  page_order = 18,
  acceptance = 19,
  slices = 20,
  temperature_swap = 21,
  annealing_start = 22,
  annealing_noise = 23,
  resampling = 24,
  parameter_proposal = 25,
  simulation = 26,
  flow_samples = 27,
  flow_layers = 28
};

/// The key of the stream (seed, purpose): itself a Philox draw, so that nearby seeds give unrelated streams.
KOKKOS_INLINE_FUNCTION PhiloxKey stream_key(std::uint64_t seed, Purpose purpose) {
  const PhiloxKey seed_key{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const PhiloxBlock block = philox({{static_cast<std::uint32_t>(purpose), 0x65626D70u, 0u, 0u}}, seed_key);
  return {{block.word[0], block.word[1]}};
}

/// Draw number `draw` at `step` of the object (sample, chain, parameter) with the global number `index`.
KOKKOS_FORCEINLINE_FUNCTION PhiloxBlock draw(PhiloxKey key, std::uint64_t index, std::uint32_t step,
                                             std::uint32_t draw_number) {
  return philox(
      {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), step, draw_number}}, key);
}

/// A uniform number in (0, 1), both ends excluded, from 32 random bits. In double all 32 bits are used; in
/// float the upper 23, which keeps the largest value below one.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar uniform(std::uint32_t bits) {
  if constexpr (sizeof(Scalar) == 8) {
    return (static_cast<Scalar>(bits) + Scalar(0.5)) * Scalar(0x1p-32);
  } else {
    return (static_cast<Scalar>(static_cast<std::int32_t>(bits >> 9)) + Scalar(0.5)) * Scalar(0x1p-23);
  }
}

/// Two independent standard normal numbers from two words (Box and Muller 1958, doi:10.1214/aoms/1177706645).
/// Host code and set-up only; kernels use the vectorised form in core/noise.hpp.
KOKKOS_INLINE_FUNCTION void normal_pair(std::uint32_t bits0, std::uint32_t bits1, double& first,
                                        double& second) {
  const double radius = Kokkos::sqrt(-2.0 * Kokkos::log(uniform<double>(bits0)));
  const double angle = 6.283185307179586477 * uniform<double>(bits1);
  first = radius * Kokkos::cos(angle);
  second = radius * Kokkos::sin(angle);
}

}  // namespace ebmpi::core
