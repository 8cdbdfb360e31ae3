// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile_rows.hpp"

namespace ebmpi::network {

namespace detail {

template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void evaluate_tile(
    const Member& member, const Energy& energy, core::ScratchArena arena,
    const core::Rows<typename Energy::Scalar>& x,
    const Kokkos::View<typename Energy::Scalar*, core::MemorySpace>& energies,
    const core::Rows<typename Energy::Scalar>& gradients, std::int64_t first) {
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
void evaluate(const core::ExecutionSpace& space, const Energy& energy,
              const core::Rows<typename Energy::Scalar>& x,
              const Kokkos::View<typename Energy::Scalar*, core::MemorySpace>& energies,
              const core::Rows<typename Energy::Scalar>& gradients = {}) {
  core::for_each_tile<typename Energy::Scalar>(
      space, "ebmpi::network::evaluate", static_cast<std::int64_t>(x.extent(0)),
      detail::evaluate_workspace(energy),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::evaluate_tile(member, energy, arena, x, energies, gradients, first);
      });
}

}  // namespace ebmpi::network
