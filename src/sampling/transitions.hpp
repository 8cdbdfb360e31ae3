// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/evaluate.hpp"
#include "sampling/chain_tile.hpp"

namespace ebmpi::sampling {

namespace detail {

template <class Energy>
std::size_t chain_workspace(const Energy& energy, const ChainTarget<typename Energy::Scalar>& target) {
  core::ScratchArena arena(nullptr);
  ChainTile<Energy>(energy, target, arena);
  return arena.used();
}

template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void transition_tile(
    const Member& member, const Energy& energy, core::ScratchArena arena,
    const ChainTarget<typename Energy::Scalar>& target, const TransitionSettings& settings, int transitions,
    typename Energy::Scalar step_size,
    const Kokkos::View<const typename Energy::Scalar*, core::MemorySpace>& step_sizes, TransitionKeys keys,
    std::uint32_t step, const ChainState<typename Energy::Scalar>& state,
    const ChainTally<typename Energy::Scalar>& tally, std::int64_t first) {
  const std::int64_t left = static_cast<std::int64_t>(state.x.extent(0)) - first;
  const int count = left < core::tile_size ? static_cast<int>(left) : core::tile_size;
  ChainTile<Energy> tile(energy, target, arena);
  tile.load(member, state, step_sizes, step_size, first, count);
  core::NormalRows<typename Energy::Scalar> noise(keys.noise, step, tile.numbers(), tile.ring(),
                                                  energy.dimension());
  for (int number = 0; number < transitions; ++number)
    tile.transition(member, settings, noise, keys.acceptance, step, static_cast<std::uint32_t>(number));
  tile.store(member, state, tally, first, count);
}

}  // namespace detail

/// state.energy and state.gradient at state.x: to be called before the first transitions, and after x was
/// changed otherwise.
template <class Energy>
void evaluate_chains(const core::ExecutionSpace& space, const Energy& energy,
                     const ChainState<typename Energy::Scalar>& state) {
  network::evaluate(space, energy, state.x, state.energy, state.gradient);
}

/// `transitions` transitions of every chain, in one launch. The step size is a length ε in units of x: the
/// deviation of a random walk's proposal, or the leapfrog step of a trajectory with unit masses, where one
/// leapfrog is Langevin's step with η = ε²/2. `step_sizes` (N) gives one for each chain; where empty, all
/// have `step_size`. A chain is a pure function of its start and (keys, chain number, step).
template <class Energy>
void run_transitions(const core::ExecutionSpace& space, const Energy& energy,
                     const ChainTarget<typename Energy::Scalar>& target, const TransitionSettings& settings,
                     int transitions, double step_size, TransitionKeys keys, std::uint32_t step,
                     const ChainState<typename Energy::Scalar>& state,
                     const ChainTally<typename Energy::Scalar>& tally = {},
                     const Kokkos::View<const typename Energy::Scalar*, core::MemorySpace>& step_sizes = {}) {
  using Scalar = typename Energy::Scalar;
  const auto size = static_cast<Scalar>(step_size);
  core::for_each_tile<Scalar>(
      space, "ebmpi::sampling::transitions", static_cast<std::int64_t>(state.x.extent(0)),
      detail::chain_workspace(energy, target),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::transition_tile(member, energy, arena, target, settings, transitions, size, step_sizes, keys,
                                step, state, tally, first);
      });
}

}  // namespace ebmpi::sampling
