// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile_rows.hpp"

namespace ebmpi::network {

namespace detail {

template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void evaluate_tile(const Member& member, const Energy& energy, core::ScratchArena arena,
                                               const core::Rows<typename Energy::Scalar>& x,
                                               const Kokkos::View<typename Energy::Scalar*, core::MemorySpace>& energies,
                                               const core::Rows<typename Energy::Scalar>& gradients,
                                               std::int64_t first) {
  using Scalar = typename Energy::Scalar;
  constexpr int size = core::tile_size;
  const std::int64_t left = static_cast<std::int64_t>(x.extent(0)) - first;
  const int count = left < size ? static_cast<int>(left) : size;
  Scalar* const position = arena.take<Scalar>(energy.dimension() * size);
  Scalar* const gradient = arena.take<Scalar>(energy.dimension() * size);
  Scalar* const value = arena.take<Scalar>(size);
  const typename Energy::Tile tile(energy, arena);
  core::load_tile(member, x, first, count, position);
  if (gradients.data()) {
    tile.evaluate(member, position, value, gradient);
    core::store_tile(member, gradient, gradients, first, count);
  } else {
    tile.evaluate(member, position, value);
  }
  core::for_each(member, count, [&](int lane) { energies(first + lane) = value[lane]; });
}

template <class Energy>
std::size_t evaluate_workspace(const Energy& energy) {
  using Scalar = typename Energy::Scalar;
  core::ScratchArena arena(nullptr);
  arena.take<Scalar>(energy.dimension() * core::tile_size);
  arena.take<Scalar>(energy.dimension() * core::tile_size);
  arena.take<Scalar>(core::tile_size);
  typename Energy::Tile(energy, arena);
  return arena.used();
}

}  // namespace detail

/// energies (N) = E(x) and, unless it is empty, gradients (N, D) = ∇E(x) at x (N, D), in one launch.
template <class Energy>
void evaluate(const core::ExecutionSpace& space, const Energy& energy, const core::Rows<typename Energy::Scalar>& x,
              const Kokkos::View<typename Energy::Scalar*, core::MemorySpace>& energies,
              const core::Rows<typename Energy::Scalar>& gradients = {}) {
  using Scalar = typename Energy::Scalar;
  const std::int64_t tiles = core::tile_count(static_cast<std::int64_t>(x.extent(0)));
  if (tiles == 0) return;
  const int teams = core::concurrent_teams(tiles);
  const core::TeamScratch team = core::team_with_scratch<Scalar>(space, teams, detail::evaluate_workspace(energy));
  const int level = team.level;
  const std::size_t bytes = team.bytes;
  Kokkos::parallel_for(
      "ebmpi::network::evaluate", team.policy,
      KOKKOS_LAMBDA(const typename Kokkos::TeamPolicy<core::ExecutionSpace>::member_type& member) {
        const core::ScratchArena arena = core::team_arena(member, level, bytes);
        for (std::int64_t tile = member.league_rank(); tile < tiles; tile += teams) {
          detail::evaluate_tile(member, energy, arena, x, energies, gradients, tile * core::tile_size);
        }
      });
}

}  // namespace ebmpi::network
