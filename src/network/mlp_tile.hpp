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

/// The two passes of an MLP over one tile of jets, in a team's scratch: the forward and reverse rules of a
/// dense layer, and the forward Laplacian (Li et al. 2023, arXiv 2307.08214).
///
/// A jet carries, for each unit, the streams
///     order 0    h                      the value
///     order 1    h, J_1 … J_K           and its derivatives along K directions
///     order 2    h, J_1 … J_K, ℓ        and the sum of its second derivatives along them,
/// ℓ = Σ_k v_kᵀ(∇²h)v_k + (∇h)·ℓ_0, where ℓ_0 is what stands in the last stream of the input: zero for the
/// plain sum; with the unit vectors as directions ℓ is the Laplacian. A tile of jets is stored as
/// [unit][stream][sample], `lanes()` numbers to a unit. The linear parts act on all streams alike, so only
/// `activate` and `differentiate` know the order.
template <class Scalar, int Order, Keep keep>
class MlpTile {
public:
  /// Streams of a jet along `directions` directions.
  KOKKOS_FORCEINLINE_FUNCTION static constexpr int streams_of(int directions) {
    return Order == 0 ? 1 : Order + directions;
  }

  /// Lays the workspace out in `arena`; with a counting arena, only measures it. `directions` is K >= 1, and
  /// without a meaning at order 0.
  KOKKOS_FORCEINLINE_FUNCTION MlpTile(const MlpView<Scalar>& mlp, int directions, core::ScratchArena& arena)
      : mlp_(mlp), directions_(Order == 0 ? 0 : directions) {
    const auto units = static_cast<std::size_t>(mlp.hidden_units), row = static_cast<std::size_t>(lanes());
    const auto take_factors = [&] {
      const int widest_input = mlp.inputs > mlp.widest ? mlp.inputs : mlp.widest;
      adjoints_ = arena.take<Scalar>(std::size_t{2} * mlp.widest * row);
      right_factor_ =
          arena.take<Scalar>(static_cast<std::size_t>(core::transposed_columns<Scalar>(widest_input)) * row);
    };
    // On a GPU what comes first is in fast memory, and the factors of products are read most.
    constexpr bool factors_first = keep == Keep::everything && !core::is_host_space<core::ExecutionSpace>;
    if constexpr (factors_first) take_factors();
    hidden_ = arena.take<Scalar>((keep == Keep::everything ? units : std::size_t{2} * mlp.widest) * row);
    slopes_ = arena.take<Scalar>(units * slope_lanes);
    if constexpr (Order > 0) {
      rates_ = arena.take<Scalar>(units * rate_lanes());
      value_adjoints_ = arena.take<Scalar>(units * size);
    }
    if constexpr (keep == Keep::everything && !factors_first) take_factors();
    // The hidden units have done their duty when the reverse pass starts.
    if constexpr (keep == Keep::slopes) adjoints_ = hidden_;
  }

  /// Of a workspace on a CPU, at order 0, the bytes at its beginning that the forward pass leaves for the
  /// reverse one; what follows may hold anything in between.
  KOKKOS_FORCEINLINE_FUNCTION static std::size_t kept_bytes(const MlpView<Scalar>& mlp) {
    static_assert(Order == 0 && keep == Keep::everything);
    core::ScratchArena counting(nullptr);
    counting.take<Scalar>(static_cast<std::size_t>(mlp.hidden_units) * size);  // hidden_
    counting.take<Scalar>(static_cast<std::size_t>(mlp.hidden_units) * slope_lanes);
    return counting.used();
  }

  /// Numbers in a row: streams · tile_size.
  KOKKOS_FORCEINLINE_FUNCTION int lanes() const { return Order == 0 ? size : streams_of(directions_) * size; }

  /// output (outputs, streams, tile_size) = the jets at `input` (inputs, streams, tile_size).
  template <class Member>
  EBMPI_TILE_FUNCTION void forward(const Member& member, const Scalar* input, Scalar* output) const {
    for (int layer = 0; layer < mlp_.layer_count; ++layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      Scalar* const out = is_last(layer) ? output : hidden(layer);
      core::matrix_times_tile(member, dense.forward, layer == 0 ? input : hidden(layer - 1), out, lanes());
      if (is_last(layer)) return add_bias(member, dense, out);
      activate(member, dense, out);
      if constexpr (Order > 0) carry_derivatives(member, dense, out);
    }
  }

  /// The value streams of `forward` alone. `forward_derivatives` then completes it, perhaps with directions
  /// that `reverse_value` has found.
  template <class Member>
  EBMPI_TILE_FUNCTION void forward_value(const Member& member, const Scalar* input, Scalar* output) const {
    for (int layer = 0; layer < mlp_.layer_count; ++layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      Scalar* const out = is_last(layer) ? output : hidden(layer);
      core::matrix_times_tile(member, dense.forward, layer == 0 ? input : hidden(layer - 1), out, size,
                              lanes());
      if (is_last(layer)) return add_bias(member, dense, out);
      activate(member, dense, out);
    }
  }
  template <class Member>
  EBMPI_TILE_FUNCTION void forward_derivatives(const Member& member, const Scalar* input,
                                               Scalar* output) const {
    static_assert(Order > 0 && keep == Keep::everything);
    for (int layer = 0; layer < mlp_.layer_count; ++layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      Scalar* const out = is_last(layer) ? output : hidden(layer);
      const Scalar* const in = layer == 0 ? input : hidden(layer - 1);
      core::matrix_times_tile(member, dense.forward, in + size, out + size, lanes() - size, lanes());
      if (!is_last(layer)) carry_derivatives(member, dense, out);
    }
  }

  /// Pulls `weights` (outputs, streams, tile_size), per-sample weights on the streams of the output, back to
  /// `input_adjoint` (inputs, streams, tile_size). To be called after `forward` on the same tile; `weights`
  /// is not changed.
  template <class Member>
  EBMPI_TILE_FUNCTION void reverse(const Member& member, const Scalar* weights, Scalar* input_adjoint) const {
    const Scalar* adjoint = weights;
    for (int layer = mlp_.layer_count - 1; layer >= 0; --layer) {
      if (!is_last(layer)) differentiate(member, mlp_.layers[layer], adjoints(layer));
      Scalar* const out = layer == 0 ? input_adjoint : adjoints(layer - 1);
      core::matrix_times_tile(member, mlp_.layers[layer].reverse, adjoint, out, lanes());
      adjoint = out;
    }
  }

  /// `reverse` of the value streams alone: `weights` (outputs, tile_size) to `gradient` (inputs, tile_size).
  /// With weights 1 on an energy, `gradient` is ∇E. To be called after `forward_value`; the derivatives with
  /// respect to the hidden units are kept for `add_gradient_after_value`.
  template <class Member>
  EBMPI_TILE_FUNCTION void reverse_value(const Member& member, const Scalar* weights,
                                         Scalar* gradient) const {
    static_assert(Order > 0 && keep == Keep::everything);
    const Scalar* adjoint = weights;
    for (int layer = mlp_.layer_count - 1; layer >= 0; --layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      if (!is_last(layer)) {
        times_slopes(member, dense, value_adjoints(dense), adjoints_);
        adjoint = adjoints_;
      }
      Scalar* const out = layer == 0 ? gradient : value_adjoints(mlp_.layers[layer - 1]);
      core::matrix_times_tile(member, dense.reverse, adjoint, out, size);
    }
  }

  /// As `reverse`, but stops at the parameters: adds the derivative of Σ weights · output with respect to
  /// them to the fixed-point sums, one addend to each parameter. `input` is the tile that `forward` saw. The
  /// adder hears of each layer's weight slot when its addends are in, from the last layer to the first.
  template <class Member>
  EBMPI_TILE_FUNCTION void add_gradient(const Member& member, const Scalar* input, const Scalar* weights,
                                        const core::FixedPointAdder& adder, int worker) const {
    add_layer_gradients(
        member, input, weights, adder, worker, [](const DenseLayer<Scalar>&, Scalar*) {}, lanes(), nullptr);
  }

  /// `add_gradient` and `reverse` in one sweep, for a network in the middle of a larger one.
  template <class Member>
  EBMPI_TILE_FUNCTION void add_gradient_and_reverse(const Member& member, const Scalar* input,
                                                    const Scalar* weights, const core::FixedPointAdder& adder,
                                                    int worker, Scalar* input_adjoint) const {
    add_layer_gradients(
        member, input, weights, adder, worker, [](const DenseLayer<Scalar>&, Scalar*) {}, lanes(),
        input_adjoint);
  }

  /// `add_gradient` after `reverse_value` with weights 1, which has already found most of it: an output
  /// depends on the streams of the highest derivative (J_k at order 1, ℓ at order 2) linearly, and as it
  /// depends on h, so their adjoints are those of the value times the weight of the sample. That saves the
  /// reverse products of these streams.
  template <class Member>
  EBMPI_TILE_FUNCTION void add_gradient_after_value(const Member& member, const Scalar* input,
                                                    const Scalar* weights, const core::FixedPointAdder& adder,
                                                    int worker) const {
    static_assert(Order > 0);
    const int known = Order == 1 ? directions_ : 1, row = lanes(), computed = row - known * size;
    const auto set_known = [=, this](const DenseLayer<Scalar>& dense, Scalar* adjoint) {
      const Scalar* const value = value_adjoints(dense);
      core::for_each_lane(member, dense.outputs * known, [=](int item, int lane) {
        const int unit = item / known, stream = computed + item % known * size + lane;
        adjoint[unit * row + stream] = weights[stream] * value[unit * size + lane];
      });
    };
    add_layer_gradients(member, input, weights, adder, worker, set_known, computed, nullptr);
  }

private:
  static constexpr int size = core::tile_size;
  /// φ' at order 0; φ', φ'' at order 1; φ', φ'' and the curvature φ''' Σ_k (WJ_k)² + φ''(Wℓ) at order 2.
  static constexpr int slope_lanes = (Order + 1) * size;

  KOKKOS_FORCEINLINE_FUNCTION bool is_last(int layer) const { return layer + 1 == mlp_.layer_count; }
  KOKKOS_FORCEINLINE_FUNCTION int rate_lanes() const { return directions_ * size; }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* hidden(int layer) const {
    const std::size_t unit = keep == Keep::everything ? mlp_.layers[layer].first_unit
                             : layer % 2              ? mlp_.widest
                                                      : 0;
    return hidden_ + unit * lanes();
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* adjoints(int layer) const {
    return adjoints_ + static_cast<std::size_t>(layer % 2 ? mlp_.widest : 0) * lanes();
  }
  /// (outputs, tile_size), the derivatives of the value with respect to h' of a hidden layer.
  KOKKOS_FORCEINLINE_FUNCTION Scalar* value_adjoints(const DenseLayer<Scalar>& dense) const {
    return value_adjoints_ + static_cast<std::size_t>(dense.first_unit) * size;
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* slopes(const DenseLayer<Scalar>& dense) const {
    return slopes_ + static_cast<std::size_t>(dense.first_unit) * slope_lanes;
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* rates(const DenseLayer<Scalar>& dense) const {
    return rates_ + static_cast<std::size_t>(dense.first_unit) * rate_lanes();
  }

  /// From the last layer to the first: `complete(layer, adjoint)` may set streams of the adjoint of h', of
  /// which the reverse products give the first `computed` lanes. `input_adjoint` may be null.
  template <class Member, class Complete>
  KOKKOS_FORCEINLINE_FUNCTION void add_layer_gradients(const Member& member, const Scalar* input,
                                                       const Scalar* weights,
                                                       const core::FixedPointAdder& adder, int worker,
                                                       const Complete& complete, int computed,
                                                       Scalar* input_adjoint) const {
    static_assert(keep == Keep::everything);
    const int row = lanes();
    const Scalar* adjoint = weights;
    for (int layer = mlp_.layer_count - 1; layer >= 0; --layer) {
      const DenseLayer<Scalar>& dense = mlp_.layers[layer];
      if (!is_last(layer)) {
        complete(dense, adjoints(layer));
        differentiate(member, dense, adjoints(layer));
      }
      const Scalar* const in = layer == 0 ? input : hidden(layer - 1);
      core::arrange_right_factor(member, in, dense.inputs, right_factor_, row);
      core::add_outer_product(member, adjoint, dense.outputs, right_factor_, dense.inputs, row,
                              {adder, worker, dense.weight_slot, dense.weight_index});
      core::add_row_sums(member, adjoint, dense.outputs, row,
                         {adder, worker, dense.weight_slot + 1, dense.bias_index});
      adder.finish(dense.weight_slot);
      if (layer == 0 && !input_adjoint) return;
      Scalar* const out = layer == 0 ? input_adjoint : adjoints(layer - 1);
      core::matrix_times_tile(member, dense.reverse, adjoint, out, computed, row);
      adjoint = out;
    }
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void add_bias(const Member& member, const DenseLayer<Scalar>& dense,
                                            Scalar* output) const {
    const int row_lanes = lanes();
    const Scalar* const bias = dense.bias;
    core::for_each_lane(member, dense.outputs,
                        [=](int row, int lane) { output[row * row_lanes + lane] += bias[row]; });
  }

  /// The value stream of `unit` (outputs, streams, tile_size) holds Wh and becomes φ(Wh + b); φ', φ'', φ'''
  /// are kept as far as the order asks.
  template <Activation activation, class Member>
  EBMPI_TILE_FUNCTION void activate_as(const Member& member, const DenseLayer<Scalar>& dense,
                                       Scalar* unit) const {
    Scalar* const kept = slopes(dense);
    const Scalar* const bias = dense.bias;
    const int row_lanes = lanes();
    core::for_each_lane(member, dense.outputs, [=](int row, int lane) {
      Scalar* const value = unit + row * row_lanes + lane;
      Scalar* const slope = kept + row * slope_lanes + lane;
      Scalar phi[Order + 2];
      activation_derivatives<activation>(value[0] + bias[row], phi);
      value[0] = phi[0];
      for (int k = 0; k <= Order; ++k) slope[k * size] = phi[k + 1];
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

  /// The other streams of `unit` hold WJ_k and Wℓ and become those of φ(Wh + b): φ'(WJ_k) and
  /// φ'' Σ_k (WJ_k)² + φ'(Wℓ). WJ_k and the curvature are kept.
  template <class Member>
  EBMPI_TILE_FUNCTION void carry_derivatives(const Member& member, const DenseLayer<Scalar>& dense,
                                             Scalar* unit) const {
    using PackType = core::Pack<Scalar, typename Member::execution_space>;
    Scalar* const kept = slopes(dense);
    Scalar* const kept_rates = rates(dense);
    const int row_lanes = lanes(), directions = directions_, row_rates = rate_lanes();
    core::for_each_pack<Scalar>(member, dense.outputs, [=](int row, int lane) {
      Scalar* const jet = unit + row * row_lanes + lane;
      Scalar* const slope = kept + row * slope_lanes + lane;
      Scalar* const rate = kept_rates + row * row_rates + lane;
      const auto slope1 = core::load<PackType>(slope);
      PackType squares(Scalar(0));
      for (int k = 0; k < directions; ++k) {
        const auto z1 = core::load<PackType>(jet + (1 + k) * size);
        core::store(z1, rate + k * size);
        core::store(slope1 * z1, jet + (1 + k) * size);
        if constexpr (Order == 2) squares = core::multiply_add(z1, z1, squares);
      }
      if constexpr (Order == 2) {
        Scalar* const second = jet + (1 + directions) * size;
        const auto z2 = core::load<PackType>(second);
        const auto slope2 = core::load<PackType>(slope + size),
                   slope3 = core::load<PackType>(slope + 2 * size);
        core::store(core::multiply_add(slope2, squares, slope1 * z2), second);
        core::store(core::multiply_add(slope3, squares, slope2 * z2), slope + 2 * size);
      }
    });
  }

  /// z_adjoint (outputs, tile_size), of z, from `adjoint`, of h'; they may be the same.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void times_slopes(const Member& member, const DenseLayer<Scalar>& dense,
                                                const Scalar* adjoint, Scalar* z_adjoint) const {
    const Scalar* const kept = slopes(dense);
    core::for_each_lane(member, dense.outputs, [=](int row, int lane) {
      z_adjoint[row * size + lane] = adjoint[row * size + lane] * kept[row * slope_lanes + lane];
    });
  }

  /// `adjoint` (outputs, streams, tile_size) holds the adjoints of (h', J'_k, ℓ') and becomes those of (z,
  /// WJ_k, Wℓ).
  template <class Member>
  EBMPI_TILE_FUNCTION void differentiate(const Member& member, const DenseLayer<Scalar>& dense,
                                         Scalar* adjoint) const {
    if constexpr (Order == 0) {
      times_slopes(member, dense, adjoint, adjoint);
    } else {
      using PackType = core::Pack<Scalar, typename Member::execution_space>;
      const Scalar* const kept = slopes(dense);
      const Scalar* const kept_rates = rates(dense);
      const int row_lanes = lanes(), directions = directions_, row_rates = rate_lanes();
      core::for_each_pack<Scalar>(member, dense.outputs, [=](int row, int lane) {
        Scalar* const bar = adjoint + row * row_lanes + lane;
        const Scalar* const slope = kept + row * slope_lanes + lane;
        const Scalar* const rate = kept_rates + row * row_rates + lane;
        const auto slope1 = core::load<PackType>(slope), slope2 = core::load<PackType>(slope + size);
        PackType value = slope1 * core::load<PackType>(bar);
        PackType bend(Scalar(0));  // 2 φ'' ℓ̄'
        if constexpr (Order == 2) {
          Scalar* const second = bar + (1 + directions) * size;
          const auto bar2 = core::load<PackType>(second);
          value = core::multiply_add(core::load<PackType>(slope + 2 * size), bar2, value);
          bend = (slope2 + slope2) * bar2;
          core::store(slope1 * bar2, second);
        }
        for (int k = 0; k < directions; ++k) {
          const auto z1 = core::load<PackType>(rate + k * size);
          const auto bar1 = core::load<PackType>(bar + (1 + k) * size);
          value = core::multiply_add(slope2 * z1, bar1, value);
          core::store(Order == 2 ? core::multiply_add(bend, z1, slope1 * bar1) : slope1 * bar1,
                      bar + (1 + k) * size);
        }
        core::store(value, bar);
      });
    }
  }

  MlpView<Scalar> mlp_;
  int directions_;
  Scalar* hidden_ = nullptr;          // hidden units: of all layers, or of the last two
  Scalar* slopes_ = nullptr;          // of all layers
  Scalar* rates_ = nullptr;           // WJ_k of all layers
  Scalar* value_adjoints_ = nullptr;  // of all layers, in the value stream alone
  Scalar* adjoints_ = nullptr;        // of two neighbouring layers
  Scalar* right_factor_ = nullptr;    // one layer's input, as its outer product wants it
};

}  // namespace ebmpi::network

#include "network/mlp_tile_instances.hpp"
