// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/mlp_tile.hpp"

namespace ebmpi::network {

/// What the outputs of a network are: one energy, or the D coordinates of the score -∇E itself.
enum class Output { energy, score };

/// Whether the last input of a network is log σ, the scale of the noise on its samples.
enum class Condition { none, log_sigma };

/// An MLP as the samplers see an energy. Any type with this shape can be sampled: `Scalar`, `dimension()`,
/// and a nested `Tile` that lays out its workspace in an arena and evaluates E and ∇E on a tile (D,
/// tile_size).
template <class ScalarType>
struct MlpEnergy {
  using Scalar = ScalarType;

  MlpView<Scalar> mlp;
  Output output = Output::energy;
  Condition condition = Condition::none;
  Scalar log_sigma = 0;  // with Condition::log_sigma

  KOKKOS_FORCEINLINE_FUNCTION int dimension() const {
    return mlp.inputs - (condition == Condition::none ? 0 : 1);
  }

  class Tile {
  public:
    KOKKOS_FORCEINLINE_FUNCTION Tile(const MlpEnergy& energy, core::ScratchArena& arena)
        : passes_(energy.mlp, 1, arena),
          values_(arena.take<Scalar>(static_cast<std::size_t>(energy.mlp.outputs) * core::tile_size)),
          output_(energy.output),
          dimension_(energy.dimension()),
          log_sigma_(energy.log_sigma) {
      if (energy.condition == Condition::none) return;
      conditioned_ = arena.take<Scalar>(static_cast<std::size_t>(energy.mlp.inputs) * core::tile_size);
      conditioned_gradient_ =
          arena.take<Scalar>(static_cast<std::size_t>(energy.mlp.inputs) * core::tile_size);
    }

    /// energy (tile_size) and gradient (D, tile_size) at x (D, tile_size). Of a score network the energy is
    /// not known, and 0.
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy,
                                              Scalar* gradient) const {
      if (output_ == Output::score) return evaluate_score(member, x, energy, gradient);
      passes_.forward(member, input(member, x), energy);
      core::for_each_lane(member, 1, [=, ones = values_](int, int lane) { ones[lane] = 1; });
      if (!conditioned_) return passes_.reverse(member, values_, gradient);
      passes_.reverse(member, values_, conditioned_gradient_);
      core::for_each_lane(member, dimension_, [=, from = conditioned_gradient_](int row, int lane) {
        gradient[row * core::tile_size + lane] = from[row * core::tile_size + lane];
      });
    }

    /// energy (tile_size) alone.
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy) const {
      if (output_ == Output::energy) return passes_.forward(member, input(member, x), energy);
      core::for_each_lane(member, 1, [=](int, int lane) { energy[lane] = 0; });
    }

  private:
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate_score(const Member& member, const Scalar* x, Scalar* energy,
                                                    Scalar* gradient) const {
      passes_.forward(member, input(member, x), values_);
      core::for_each_lane(member, 1, [=](int, int lane) { energy[lane] = 0; });
      core::for_each_lane(member, dimension_, [=, score = values_](int row, int lane) {
        gradient[row * core::tile_size + lane] = -score[row * core::tile_size + lane];
      });
    }

    /// What the network takes: x, and below it log σ where it is an input.
    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION const Scalar* input(const Member& member, const Scalar* x) const {
      if (!conditioned_) return x;
      const int dimension = dimension_;
      const Scalar log_sigma = log_sigma_;
      core::for_each_lane(member, dimension + 1, [=, to = conditioned_](int row, int lane) {
        to[row * core::tile_size + lane] = row < dimension ? x[row * core::tile_size + lane] : log_sigma;
      });
      return conditioned_;
    }

    MlpTile<Scalar, 0, Keep::slopes> passes_;
    Scalar* values_;  // the seeds of an energy's reverse pass, or the outputs of a score network
    Output output_;
    int dimension_;
    Scalar log_sigma_;
    Scalar* conditioned_ = nullptr;
    Scalar* conditioned_gradient_ = nullptr;
  };
};

}  // namespace ebmpi::network
