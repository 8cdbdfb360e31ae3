// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/flow_density.hpp"

namespace ebmpi::network {

/// -log q of a flow as an energy, whose log Z is 0: it has the shape of network/mlp_energy.hpp. Its Tile must
/// be the last to take from an arena.
template <class ScalarType>
struct FlowEnergy {
  using Scalar = ScalarType;

  FlowView<Scalar> flow;

  KOKKOS_FORCEINLINE_FUNCTION int dimension() const { return flow.dimension; }

  class Tile {
  public:
    KOKKOS_FORCEINLINE_FUNCTION Tile(const FlowEnergy& energy, core::ScratchArena& arena)
        : dimension_(energy.flow.dimension),
          z_(arena.take<Scalar>(static_cast<std::size_t>(dimension_) * core::tile_size)),
          log_det_adjoint_(arena.take<Scalar>(core::tile_size)),
          passes_(energy.flow, arena) {}

    /// energy (tile_size) and gradient (D, tile_size) at x (D, tile_size).
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy,
                                              Scalar* gradient) const {
      evaluate(member, x, energy);
      // ∂(½‖z‖² - log|det|) : z and -1.
      core::for_each_lane(member, 1, [=, bar = log_det_adjoint_](int, int lane) { bar[lane] = -1; });
      passes_.pull_back(member, z_, log_det_adjoint_, gradient);
    }

    /// energy (tile_size) alone.
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy) const {
      passes_.normalize(member, x, z_, energy);
      add_normal_log_density(member, dimension_, z_, energy);
      core::for_each_lane(member, 1, [=](int, int lane) { energy[lane] = -energy[lane]; });
    }

  private:
    int dimension_;
    Scalar* z_;                // (D, tile_size)
    Scalar* log_det_adjoint_;  // (tile_size)
    FlowTile<Scalar, Keep::slopes> passes_;
  };
};

}  // namespace ebmpi::network
