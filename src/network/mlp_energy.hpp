// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/mlp_tile.hpp"

namespace ebmpi::network {

/// An MLP as the samplers see an energy. Any type with this shape can be sampled: `Scalar`, `dimension()`,
/// and a nested `Tile` that lays out its workspace in an arena and evaluates E and ∇E on a tile (D,
/// tile_size).
template <class ScalarType>
struct MlpEnergy {
  using Scalar = ScalarType;

  MlpView<Scalar> mlp;

  KOKKOS_FORCEINLINE_FUNCTION int dimension() const { return mlp.inputs; }

  class Tile {
  public:
    KOKKOS_FORCEINLINE_FUNCTION Tile(const MlpEnergy& energy, core::ScratchArena& arena)
        : passes_(energy.mlp, arena), ones_(arena.take<Scalar>(core::tile_size)) {}

    /// energy (tile_size) and gradient (D, tile_size) at x (D, tile_size).
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy,
                                              Scalar* gradient) const {
      passes_.forward(member, x, energy);
      core::for_each_lane(member, 1, [=, ones = ones_](int, int lane) { ones[lane] = 1; });
      passes_.reverse(member, ones_, gradient);
    }

    /// energy (tile_size) alone.
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy) const {
      passes_.forward(member, x, energy);
    }

  private:
    MlpTile<Scalar, 0, Keep::slopes> passes_;
    Scalar* ones_;
  };
};

}  // namespace ebmpi::network
