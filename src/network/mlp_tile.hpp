// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>

#include "core/tile.hpp"
#include "core/tile_outer.hpp"
#include "core/tile_product.hpp"
#include "network/mlp.hpp"

namespace ebmpi::network {

/// What the forward pass keeps for the reverse pass: the slopes of the activations only, enough for ∇E; or
/// the hidden units as well, which the parameter gradient needs.
enum class Keep { slopes, everything };

/// The two passes of an MLP over one tile of jets, in a team's scratch (MATH: forward and reverse rules of a
/// dense layer).
///
/// A jet of order k carries, for each unit, the value and its first k derivatives along a direction; a tile
/// of jets is stored as [unit][derivative][sample], `lanes` = (k+1) · tile_size numbers to a unit. The linear
/// parts act on all of them alike, so only `activate` and `differentiate` know the order.
template <class Scalar, int Order, Keep keep>
class MlpTile {
public:
  static constexpr int streams = Order + 1;
  static constexpr int lanes = streams * core::tile_size;

  /// Lays the workspace out in `arena`; with a counting arena, only measures it.
  KOKKOS_FORCEINLINE_FUNCTION MlpTile(const MlpView<Scalar>& mlp, core::ScratchArena& arena) : mlp_(mlp) {
    const std::size_t kept_units = keep == Keep::everything ? mlp.hidden_units : 2 * mlp.widest;
    hidden_ = arena.take<Scalar>(kept_units * lanes);
    slopes_ = arena.take<Scalar>(static_cast<std::size_t>(mlp.hidden_units) * lanes);
    if constexpr (Order > 0)
      rates_ = arena.take<Scalar>(static_cast<std::size_t>(mlp.hidden_units) * (lanes - core::tile_size));
    if constexpr (keep == Keep::everything) {
      const int widest_input = mlp.inputs > mlp.widest ? mlp.inputs : mlp.widest;
      adjoints_ = arena.take<Scalar>(std::size_t{2} * mlp.widest * lanes);
      transposed_ = arena.take<Scalar>(
          static_cast<std::size_t>(core::transposed_columns<Scalar>(widest_input)) * lanes);
    } else {
      adjoints_ = hidden_;  // the hidden units have done their duty when the reverse pass starts
    }
  }

  /// energy (streams, tile_size) = the jet of E at `input` (inputs, streams, tile_size).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void forward(const Member& member, const Scalar* input, Scalar* energy) const {
    const Scalar* in = input;
    for (int layer = 0; layer + 1 < mlp_.layer_count; ++layer) {
      Scalar* const out = hidden(layer);
      core::matrix_times_tile(member, mlp_.layers[layer].forward, in, out, lanes);
      activate(member, mlp_.layers[layer], out);
      in = out;
    }
    const DenseLayer<Scalar>& last = mlp_.layers[mlp_.layer_count - 1];
    core::matrix_times_tile(member, last.forward, in, energy, lanes);
    core::for_each_lane(member, 1, [&](int, int lane) { energy[lane] += last.bias[0]; });
  }

  /// Pulls `weights` (streams, tile_size), the per-sample weights (α, β, γ) on (E, Ė, Ë), back to
  /// `input_adjoint` (inputs, streams, tile_size). To be called after `forward` on the same tile; `weights`
  /// is not changed.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void reverse(const Member& member, const Scalar* weights,
                                           Scalar* input_adjoint) const {
    const Scalar* adjoint = weights;
    for (int layer = mlp_.layer_count - 1; layer >= 0; --layer) {
      if (layer + 1 < mlp_.layer_count) differentiate(member, mlp_.layers[layer], adjoints(layer));
      Scalar* const out = layer == 0 ? input_adjoint : adjoints(layer - 1);
      core::matrix_times_tile(member, mlp_.layers[layer].reverse, adjoint, out, lanes);
      adjoint = out;
    }
  }

  /// As `reverse`, but stops at the parameters: adds ∂/∂θ Σ_b [α_b E_b + β_b Ė_b + γ_b Ë_b] to the
  /// fixed-point sums, one addend to each parameter. `input` is the tile that `forward` saw.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void add_gradient(const Member& member, const Scalar* input,
                                                const Scalar* weights, const core::FixedPointAdder& adder,
                                                int worker) const {
    static_assert(keep == Keep::everything);
    const Scalar* adjoint = weights;
    for (int layer = mlp_.layer_count - 1; layer >= 0; --layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      if (layer + 1 < mlp_.layer_count) differentiate(member, dense, adjoints(layer));
      const Scalar* const in = layer == 0 ? input : hidden(layer - 1);
      core::transpose_tile(member, in, dense.inputs, transposed_, lanes);
      core::add_outer_product(member, adjoint, dense.outputs, transposed_, dense.inputs, lanes,
                              {adder, worker, dense.weight_slot, dense.weight_index});
      core::add_row_sums(member, adjoint, dense.outputs, lanes,
                         {adder, worker, dense.weight_slot + 1, dense.bias_index});
      if (layer == 0) return;
      Scalar* const out = adjoints(layer - 1);
      core::matrix_times_tile(member, dense.reverse, adjoint, out, lanes);
      adjoint = out;
    }
  }

private:
  KOKKOS_FORCEINLINE_FUNCTION Scalar* hidden(int layer) const {
    if constexpr (keep == Keep::everything) {
      return hidden_ + static_cast<std::size_t>(mlp_.layers[layer].first_unit) * lanes;
    } else {
      return hidden_ + static_cast<std::size_t>(layer % 2 ? mlp_.widest : 0) * lanes;
    }
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* adjoints(int layer) const {
    return adjoints_ + static_cast<std::size_t>(layer % 2 ? mlp_.widest : 0) * lanes;
  }

  /// `unit` (outputs, streams, tile_size) holds Wh, Wḣ, Wḧ and becomes the jet of φ(Wh + b); φ', φ'', … and
  /// ż, z̈ are kept.
  template <Activation activation, class Member>
  KOKKOS_FORCEINLINE_FUNCTION void activate_as(const Member& member, const DenseLayer<Scalar>& dense,
                                               Scalar* unit) const {
    constexpr int size = core::tile_size;
    Scalar* const slopes = slopes_ + static_cast<std::size_t>(dense.first_unit) * lanes;
    Scalar* const rates = rates_ + static_cast<std::size_t>(dense.first_unit) * (lanes - size);
    const Scalar* const bias = dense.bias;
    core::for_each_lane(member, dense.outputs, [=](int row, int lane) {
      Scalar* const jet = unit + row * lanes + lane;
      Scalar* const slope = slopes + row * lanes + lane;
      Scalar phi[Order + 2];
      activation_derivatives<activation>(jet[0] + bias[row], phi);
      jet[0] = phi[0];
      for (int k = 0; k < streams; ++k) slope[k * size] = phi[k + 1];
      if constexpr (Order >= 1) {
        Scalar* const rate = rates + row * (lanes - size) + lane;
        const Scalar z1 = jet[size];
        rate[0] = z1;
        jet[size] = phi[1] * z1;
        if constexpr (Order >= 2) {
          const Scalar z2 = jet[2 * size];
          rate[size] = z2;
          jet[2 * size] = phi[2] * z1 * z1 + phi[1] * z2;
        }
      }
    });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void activate(const Member& member, const DenseLayer<Scalar>& dense,
                                            Scalar* unit) const {
    switch (mlp_.activation) {
      case Activation::silu:
        return activate_as<Activation::silu>(member, dense, unit);
      case Activation::tanh:
        return activate_as<Activation::tanh>(member, dense, unit);
      case Activation::softplus:
        return activate_as<Activation::softplus>(member, dense, unit);
      case Activation::gelu:
        return activate_as<Activation::gelu>(member, dense, unit);
      case Activation::sin:
        return activate_as<Activation::sin>(member, dense, unit);
      case Activation::quadratic:
        return activate_as<Activation::quadratic>(member, dense, unit);
      case Activation::relu:
        return activate_as<Activation::relu>(member, dense, unit);
      case Activation::leaky_relu:
        return activate_as<Activation::leaky_relu>(member, dense, unit);
    }
  }

  /// `adjoint` (outputs, streams, tile_size) holds the adjoints of (h', ḣ', ḧ') and becomes those of (z, ż,
  /// z̈).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void differentiate(const Member& member, const DenseLayer<Scalar>& dense,
                                                 Scalar* adjoint) const {
    constexpr int size = core::tile_size;
    const Scalar* const slopes = slopes_ + static_cast<std::size_t>(dense.first_unit) * lanes;
    const Scalar* const rates = rates_ + static_cast<std::size_t>(dense.first_unit) * (lanes - size);
    core::for_each_lane(member, dense.outputs, [=](int row, int lane) {
      Scalar* const bar = adjoint + row * lanes + lane;
      const Scalar* const slope = slopes + row * lanes + lane;
      if constexpr (Order == 0) {
        bar[0] *= slope[0];
      } else {
        const Scalar* const rate = rates + row * (lanes - size) + lane;
        const Scalar phi1 = slope[0], phi2 = slope[size], z1 = rate[0];
        const Scalar bar0 = bar[0], bar1 = bar[size];
        bar[0] = phi1 * bar0 + phi2 * z1 * bar1;
        bar[size] = phi1 * bar1;
        if constexpr (Order >= 2) {
          const Scalar phi3 = slope[2 * size], z2 = rate[size], bar2 = bar[2 * size];
          bar[0] += (phi3 * z1 * z1 + phi2 * z2) * bar2;
          bar[size] += Scalar(2) * phi2 * z1 * bar2;
          bar[2 * size] = phi1 * bar2;
        }
      }
    });
  }

  MlpView<Scalar> mlp_;
  Scalar* hidden_ = nullptr;      // hidden units: of all layers, or of the last two
  Scalar* slopes_ = nullptr;      // φ', φ'', … of all layers
  Scalar* rates_ = nullptr;       // ż, z̈ of all layers
  Scalar* adjoints_ = nullptr;    // of two neighbouring layers
  Scalar* transposed_ = nullptr;  // one layer's input, sample-major
};

}  // namespace ebmpi::network
