// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sampling/transitions.hpp"

namespace ebmpi::sampling {

/// A path of distributions exp(-U_β), U_β = β a E(x) + (1 - β) ½‖x‖², from a standard normal distribution at
/// β = 0 to the energy at β = 1, or back.
template <class Scalar>
struct AnnealingPath {
  Kokkos::View<const double*, core::MemorySpace> betas;       // (K + 1), from the first to the last
  Kokkos::View<const Scalar*, core::MemorySpace> step_sizes;  // (K + 1), of the transitions at each of them
  Scalar energy_weight = 1;                                   // a
};

namespace detail {

template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void annealing_tile(
    const Member& member, const Energy& energy, core::ScratchArena arena,
    const AnnealingPath<typename Energy::Scalar>& path, int first_stage, int last_stage,
    const TransitionSettings& settings, int transitions, TransitionKeys keys, std::uint32_t step,
    const ChainState<typename Energy::Scalar>& state,
    const Kokkos::View<double*, core::MemorySpace>& log_weights,
    const ChainTally<typename Energy::Scalar>& tally, std::int64_t first) {
  using Scalar = typename Energy::Scalar;
  const std::int64_t left = static_cast<std::int64_t>(state.x.extent(0)) - first;
  const int count = left < core::tile_size ? static_cast<int>(left) : core::tile_size;
  double* const log_weight = arena.take<double>(core::tile_size);
  ChainTile<Energy> tile(energy, {}, arena);
  tile.load(member, state, {}, Scalar(0), first, count);
  core::for_each(member, core::tile_size, [&](int lane) { log_weight[lane] = 0.0; });
  core::NormalRows<Scalar> noise(keys.noise, step, tile.numbers(), tile.ring(), energy.dimension());
  std::uint32_t number = 0;
  for (int stage = first_stage; stage < last_stage; ++stage) {
    const double beta = path.betas(stage + 1), rise = beta - path.betas(stage);
    core::for_each_lane(
        member, 1,
        [=, energy_at = tile.energy(), stretch = tile.stretch(), a = path.energy_weight](int, int lane) {
          log_weight[lane] -=
              rise * (static_cast<double>(a * energy_at[lane]) - static_cast<double>(stretch[lane]));
        });
    tile.set_target(member, static_cast<Scalar>(beta) * path.energy_weight, static_cast<Scalar>(1.0 - beta),
                    path.step_sizes(stage + 1));
    for (int k = 0; k < transitions; ++k)
      tile.transition(member, settings, noise, keys.acceptance, step, number++);
  }
  tile.store(member, state, tally, first, count);
  core::for_each(member, count, [&](int lane) { log_weights(first + lane) += log_weight[lane]; });
}

template <class Energy>
std::size_t annealing_workspace(const Energy& energy) {
  core::ScratchArena arena(nullptr);
  arena.take<double>(core::tile_size);
  ChainTile<Energy>(energy, {}, arena);
  return arena.used();
}

}  // namespace detail

/// Annealed importance sampling (Neal 2001, doi:10.1023/A:1008923215028): the chains go through the stages
/// [first_stage, last_stage) of the path, in one launch. At each, log_weights (N) grows by the logarithm of
/// the ratio of the next distribution to the present one at x, and `transitions` transitions of the next one
/// follow. A chain is a pure function of its start and (keys, chain number, step).
template <class Energy>
void run_annealing(const core::ExecutionSpace& space, const Energy& energy,
                   const AnnealingPath<typename Energy::Scalar>& path, int first_stage, int last_stage,
                   const TransitionSettings& settings, int transitions, TransitionKeys keys,
                   std::uint32_t step, const ChainState<typename Energy::Scalar>& state,
                   const Kokkos::View<double*, core::MemorySpace>& log_weights,
                   const ChainTally<typename Energy::Scalar>& tally = {}) {
  core::for_each_tile<typename Energy::Scalar>(
      space, "ebmpi::sampling::annealing", static_cast<std::int64_t>(state.x.extent(0)),
      detail::annealing_workspace(energy),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::annealing_tile(member, energy, arena, path, first_stage, last_stage, settings, transitions,
                               keys, step, state, log_weights, tally, first);
      });
}

}  // namespace ebmpi::sampling
