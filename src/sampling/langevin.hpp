// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>

#include "core/noise.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

/// Unadjusted Langevin steps x ← x - η∇E(x) + τξ. With τ = √(2ηT) the temperature sampled is T, up to a bias
/// of order η.
struct LangevinSettings {
  int steps = 60;
  double step_size = 0.01;            ///< η
  double noise_scale = 0.1414213562;  ///< τ
  double gradient_clip = 0.0;         ///< bound on ‖∇E‖; 0 is none
  /// The temperature falls from this times its own to its own, by the same factor at every step, as the
  /// square of the noise does; η stays, so that a step keeps clear of what the energy's curvature makes
  /// unstable. In units of the score of exp(-E/T) steps ηT grow with the noise, as those of Song and Ermon
  /// 2019, arXiv 1907.05600. >= 1.
  double anneal = 1.0;

  double temperature() const { return noise_scale * noise_scale / (2.0 * step_size); }
};

/// A population of chains on its way through one launch.
template <class Scalar>
struct Chains {
  core::Rows<Scalar> x;  // (N, D), advanced in place
  Kokkos::View<const std::int64_t*, core::MemorySpace>
      numbers;  // (N), global chain numbers, which choose the noise
  Kokkos::View<const Scalar*, core::MemorySpace> minimum = {}, maximum = {};  // (D), a box that every step is
                                                                              // clamped to; empty: none
};

/// What is noted of each chain at the last gradient evaluated.
template <class Scalar>
struct ChainWatch {
  Kokkos::View<const Scalar*, core::MemorySpace> centre;   // (D), c of the virial (x - c)·∇E
  Kokkos::View<Scalar*, core::MemorySpace> gradient_norm;  // (N), ‖∇E‖
  Kokkos::View<Scalar*, core::MemorySpace> virial;  // (N), (x - c)·∇E, whose mean in equilibrium is D·T
  Kokkos::View<Scalar*, core::MemorySpace> energy = {};  // (N), E
};

namespace detail {

template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void clamp_row(const Member& member, Scalar minimum, Scalar maximum,
                                           Scalar* row) {
  core::for_each_lane(member, 1, [=](int, int lane) {
    const Scalar above = row[lane] > minimum ? row[lane] : minimum;
    row[lane] = above < maximum ? above : maximum;
  });
}

/// τ of the first step.
KOKKOS_FORCEINLINE_FUNCTION double first_noise_scale(const LangevinSettings& settings) {
  return settings.steps > 1 ? settings.noise_scale * Kokkos::sqrt(settings.anneal) : settings.noise_scale;
}

/// What τ is multiplied by from step to step.
KOKKOS_FORCEINLINE_FUNCTION double noise_factor(const LangevinSettings& settings) {
  return settings.anneal == 1.0 || settings.steps < 2
             ? 1.0
             : Kokkos::pow(settings.anneal, -0.5 / (settings.steps - 1.0));
}

/// One tile of chains through all steps.
template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void langevin_tile(const Member& member, const Energy& energy,
                                               core::ScratchArena arena, const LangevinSettings& settings,
                                               core::PhiloxKey key, std::uint32_t step,
                                               const Chains<typename Energy::Scalar>& chains,
                                               const ChainWatch<typename Energy::Scalar>& watch,
                                               std::int64_t first) {
  using Scalar = typename Energy::Scalar;
  constexpr int size = core::tile_size;
  const int dimension = energy.dimension();
  const std::int64_t left = static_cast<std::int64_t>(chains.x.extent(0)) - first;
  const int count = left < size ? static_cast<int>(left) : size;

  Scalar* const x = arena.take<Scalar>(dimension * size);
  Scalar* const gradient = arena.take<Scalar>(dimension * size);
  Scalar* const ring = arena.take<Scalar>(core::NormalRows<Scalar>::ring_rows(dimension) * size);
  Scalar* const energies = arena.take<Scalar>(size);
  Scalar* const pull = arena.take<Scalar>(size);
  std::int64_t* const numbers = arena.take<std::int64_t>(size);
  const typename Energy::Tile tile(energy, arena);

  core::load_tile(member, chains.x, first, count, x);
  core::for_each(member, size, [&](int lane) {
    numbers[lane] = chains.numbers(first + (lane < count ? lane : count - 1));
  });
  core::NormalRows<Scalar> noise(key, step, numbers, ring, dimension);
  const auto step_size = static_cast<Scalar>(settings.step_size);
  const auto last_noise_scale = static_cast<Scalar>(settings.noise_scale);
  auto noise_scale = static_cast<Scalar>(first_noise_scale(settings));
  const auto falling = static_cast<Scalar>(noise_factor(settings));
  const auto clip = static_cast<Scalar>(settings.gradient_clip);

  for (int k = 0; k < settings.steps; ++k) {
    tile.evaluate(member, x, energies, gradient);
    const bool last = k + 1 == settings.steps;
    if (k > 0) noise_scale = last ? last_noise_scale : noise_scale * falling;
    if (last && watch.energy.data()) {
      core::for_each(member, count, [&](int lane) { watch.energy(first + lane) = energies[lane]; });
    }
    if (last && watch.virial.data()) {
      const auto* const centre = watch.centre.data();
      core::sum_rows(member, dimension, pull, [=](int row, int lane) {
        return (x[row * size + lane] - centre[row]) * gradient[row * size + lane];
      });
      core::for_each(member, count, [&](int lane) { watch.virial(first + lane) = pull[lane]; });
    }
    if (clip > Scalar(0) || (last && watch.gradient_norm.data())) {
      core::sum_rows(member, dimension, pull, [=](int row, int lane) {
        return gradient[row * size + lane] * gradient[row * size + lane];
      });
      if (last && watch.gradient_norm.data()) {
        core::for_each(member, count,
                       [&](int lane) { watch.gradient_norm(first + lane) = Kokkos::sqrt(pull[lane]); });
      }
    }
    core::for_each_lane(member, 1, [=](int, int lane) {
      const Scalar norm = clip > Scalar(0) ? Kokkos::sqrt(pull[lane]) : Scalar(0);
      pull[lane] = norm > clip ? step_size * clip / norm : step_size;
    });
    for (int row = 0; row < dimension; ++row) {
      if (row == 0) noise.advance(member);
      const Scalar* const xi = noise.row(row);
      Scalar* const position = x + row * size;
      const Scalar* const slope = gradient + row * size;
      core::for_each_lane(member, 1, [=](int, int lane) {
        position[lane] = position[lane] - pull[lane] * slope[lane] + noise_scale * xi[lane];
      });
      if (chains.minimum.data()) clamp_row(member, chains.minimum(row), chains.maximum(row), position);
    }
  }
  core::store_tile(member, x, chains.x, first, count);
}

template <class Energy>
std::size_t langevin_workspace(const Energy& energy) {
  using Scalar = typename Energy::Scalar;
  core::ScratchArena arena(nullptr);
  const int rows = 2 * energy.dimension() + core::NormalRows<Scalar>::ring_rows(energy.dimension()) + 2;
  for (int row = 0; row < rows; ++row) arena.take<Scalar>(core::tile_size);
  arena.take<std::int64_t>(core::tile_size);
  typename Energy::Tile(energy, arena);
  return arena.used();
}

}  // namespace detail

/// Advances all chains by `settings.steps` steps in one launch. The noise is a pure function of (key, chain
/// number, step), so the result does not depend on how chains are grouped. Roberts and Tweedie 1996,
/// doi:10.2307/3318418.
template <class Energy>
void run_langevin(const core::ExecutionSpace& space, const Energy& energy, const LangevinSettings& settings,
                  core::PhiloxKey key, std::uint32_t step, const Chains<typename Energy::Scalar>& chains,
                  const ChainWatch<typename Energy::Scalar>& watch = {}) {
  core::for_each_tile<typename Energy::Scalar>(
      space, "ebmpi::sampling::langevin", static_cast<std::int64_t>(chains.x.extent(0)),
      detail::langevin_workspace(energy),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::langevin_tile(member, energy, arena, settings, key, step, chains, watch, first);
      });
}

}  // namespace ebmpi::sampling
