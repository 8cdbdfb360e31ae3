// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile_rows.hpp"
#include "network/mlp_tile.hpp"

namespace ebmpi::network {

namespace detail {

template <class Scalar>
std::size_t output_workspace(const MlpView<Scalar>& mlp) {
  core::ScratchArena arena(nullptr);
  arena.take<Scalar>(static_cast<std::size_t>(mlp.inputs) * core::tile_size);
  arena.take<Scalar>(static_cast<std::size_t>(mlp.outputs) * core::tile_size);
  MlpTile<Scalar, 0, Keep::slopes>(mlp, 1, arena);
  return arena.used();
}

template <class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void output_tile(const Member& member, const MlpView<Scalar>& mlp,
                                             core::ScratchArena arena, const core::Rows<Scalar>& x,
                                             const core::Rows<Scalar>& outputs, std::int64_t first) {
  constexpr int size = core::tile_size;
  const std::int64_t left = static_cast<std::int64_t>(x.extent(0)) - first;
  const int count = left < size ? static_cast<int>(left) : size;
  Scalar* const input = arena.take<Scalar>(static_cast<std::size_t>(mlp.inputs) * size);
  Scalar* const output = arena.take<Scalar>(static_cast<std::size_t>(mlp.outputs) * size);
  const MlpTile<Scalar, 0, Keep::slopes> passes(mlp, 1, arena);
  core::load_tile(member, x, first, count, input);
  passes.forward(member, input, output);
  core::store_tile(member, output, outputs, first, count);
}

}  // namespace detail

/// outputs (N, outputs) of the network at x (N, inputs), in one launch.
template <class Scalar>
void evaluate_outputs(const core::ExecutionSpace& space, const MlpView<Scalar>& mlp,
                      const core::Rows<Scalar>& x, const core::Rows<Scalar>& outputs) {
  core::for_each_tile<Scalar>(
      space, "ebmpi::network::evaluate_outputs", static_cast<std::int64_t>(x.extent(0)),
      detail::output_workspace(mlp),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::output_tile(member, mlp, arena, x, outputs, first);
      });
}

}  // namespace ebmpi::network
