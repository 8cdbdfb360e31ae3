// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/elementary.hpp"
#include "network/flow.hpp"
#include "network/mlp_tile.hpp"

namespace ebmpi::network {

/// The two directions of a flow over one tile of samples and the reverse sweep of each, in a team's scratch.
/// f takes data to the normal (`normalize`), g = f⁻¹ the other way (`generate`). The sweeps use what the pass
/// before them has left in the workspace: u and c of every step (flow.hpp), and on a CPU, for the gradient,
/// the conditioners' units and outputs. Elsewhere these are computed once more in the sweep, so that the
/// workspace holds those of one step only. The tile must be the last to take from an arena.
///
/// Keep::everything is for sweeps that add the gradient of the parameters, Keep::slopes for those that stop
/// at the samples. Sweeps take the adjoint of log|det| without what all samples have in common, for which
/// Flow::complete_gradient is there.
template <class Scalar, Keep keep>
class FlowTile {
public:
  /// Lays the workspace out in `arena`; with a counting arena, only measures it.
  KOKKOS_FORCEINLINE_FUNCTION FlowTile(const FlowView<Scalar>& flow, core::ScratchArena& arena)
      : flow_(flow) {
    const auto rows = static_cast<std::size_t>(flow.dimension) * size;
    const auto moved = static_cast<std::size_t>(flow.moved) * size;
    raw_ = arena.take<Scalar>((keeps_units ? flow.couplings : 1) * 2 * moved);
    raw_adjoint_ = arena.take<Scalar>(2 * moved);
    flowing_ = arena.take<Scalar>(rows);
    other_ = arena.take<Scalar>(rows);
    kept_adjoint_ = arena.take<Scalar>(static_cast<std::size_t>(flow.kept) * size);
    if constexpr (keep == Keep::everything) {
      const auto columns = static_cast<std::size_t>(core::transposed_columns<Scalar>(flow.dimension));
      right_factor_ = arena.take<Scalar>(columns * size);
      products_ = arena.take<Scalar>(rows);
    }
    states_ = arena.take<Scalar>(static_cast<std::size_t>(2 * flow.couplings) * rows);
    conditioner_arena_ = arena;
    if constexpr (keeps_units) unit_bytes_ = ConditionerTile::kept_bytes(flow.widest);
    arena.take<char>(conditioner_bytes(flow) + static_cast<std::size_t>(flow.couplings - 1) * unit_bytes_);
  }

  /// z (D, tile_size) = f(x) and log_det (tile_size) = log|det ∂z/∂x| at x (D, tile_size), which may be z.
  template <class Member>
  EBMPI_TILE_FUNCTION void normalize(const Member& member, const Scalar* x, Scalar* z,
                                     Scalar* log_det) const {
    start_log_det(member, log_det, Scalar(1));
    const Scalar* from = x;
    for (int k = 0; k < flow_.couplings; ++k) {
      const FlowStep<Scalar>& step = flow_.steps[k];
      core::for_each_lane(
          member, flow_.dimension,
          [=, u = mixed_from(k), m = step.shift, scale = step.inverse_scale](int row, int lane) {
            u[row * size + lane] = (from[row * size + lane] - m[row]) * scale[row];
          });
      mix(member, step, mixed_from(k), coupled_from(k));
      condition(member, step, k, coupled_from(k));
      couple<FlowDirection::normalize>(member, k, coupled_from(k), z, log_det);
      from = z;
    }
  }

  /// x (D, tile_size) = g(z) and log_det (tile_size) = log|det ∂x/∂z| at z (D, tile_size), which may be x.
  template <class Member>
  EBMPI_TILE_FUNCTION void generate(const Member& member, const Scalar* z, Scalar* x, Scalar* log_det) const {
    start_log_det(member, log_det, Scalar(-1));
    const Scalar* from = z;
    for (int k = flow_.couplings - 1; k >= 0; --k) {
      const FlowStep<Scalar>& step = flow_.steps[k];
      const int place = flow_.couplings - 1 - k;  // in the order in which steps are taken
      condition(member, step, place, from);
      couple<FlowDirection::generate>(member, place, from, coupled_from(k), log_det);
      unmix(member, step, coupled_from(k), mixed_from(k));
      core::for_each_lane(member, flow_.dimension,
                          [=, u = mixed_from(k), m = step.shift, scale = step.scale](int row, int lane) {
                            x[row * size + lane] = u[row * size + lane] * scale[row] + m[row];
                          });
      from = x;
    }
  }

  /// After `normalize`: x_adjoint (D, tile_size) from the adjoints of z (D, tile_size) and of log_det
  /// (tile_size). x_adjoint may be z_adjoint.
  template <class Member>
  EBMPI_TILE_FUNCTION void pull_back(const Member& member, const Scalar* z_adjoint,
                                     const Scalar* log_det_adjoint, Scalar* x_adjoint) const {
    pull_back_normalized(member, z_adjoint, log_det_adjoint, x_adjoint, NoGradient{});
  }

  /// After `generate`: z_adjoint (D, tile_size) from the adjoints of x (D, tile_size) and of its log_det.
  template <class Member>
  EBMPI_TILE_FUNCTION void pull_back_to_normal(const Member& member, const Scalar* x_adjoint,
                                               const Scalar* log_det_adjoint, Scalar* z_adjoint) const {
    pull_back_generated(member, x_adjoint, log_det_adjoint, z_adjoint, NoGradient{});
  }

  /// After `normalize`: adds the derivatives of Σ z_adjoint · z + log_det_adjoint · log_det with respect to
  /// the parameters, one addend to each.
  template <class Member>
  EBMPI_TILE_FUNCTION void add_gradient(const Member& member, const Scalar* z_adjoint,
                                        const Scalar* log_det_adjoint, const core::FixedPointAdder& adder,
                                        int worker) const {
    pull_back_normalized(member, z_adjoint, log_det_adjoint, flowing_, AddGradient{adder, worker});
  }

  /// After `generate`: the same of Σ x_adjoint · x + log_det_adjoint · log_det, with z held fixed: the
  /// derivatives of samples along their path.
  template <class Member>
  EBMPI_TILE_FUNCTION void add_path_gradient(const Member& member, const Scalar* x_adjoint,
                                             const Scalar* log_det_adjoint,
                                             const core::FixedPointAdder& adder, int worker) const {
    pull_back_generated(member, x_adjoint, log_det_adjoint, flowing_, AddGradient{adder, worker});
  }

private:
  static constexpr int size = core::tile_size;
  static constexpr bool keeps_units = keep == Keep::everything && core::is_host_space<core::ExecutionSpace>;
  using ConditionerTile = MlpTile<Scalar, 0, keep>;

  struct NoGradient {
    static constexpr bool adds = false;
  };
  struct AddGradient {
    static constexpr bool adds = true;
    const core::FixedPointAdder& adder;
    int worker;
  };

  KOKKOS_FORCEINLINE_FUNCTION static std::size_t conditioner_bytes(const FlowView<Scalar>& flow) {
    core::ScratchArena counting(nullptr);
    const ConditionerTile tile(flow.widest, 1, counting);
    return counting.used();
  }
  /// The conditioner of the step that is taken as number `place`. What its sweep needs for itself lies over
  /// the units of the next one, whose sweep is over by then.
  KOKKOS_FORCEINLINE_FUNCTION ConditionerTile conditioner(const FlowStep<Scalar>& step, int place) const {
    core::ScratchArena arena = conditioner_arena_;
    if constexpr (keeps_units) arena.take<char>(static_cast<std::size_t>(place) * unit_bytes_);
    return ConditionerTile(step.conditioner, 1, arena);
  }
  /// (2 · moved, tile_size), its outputs.
  KOKKOS_FORCEINLINE_FUNCTION Scalar* raw(int place) const {
    return keeps_units ? raw_ + static_cast<std::size_t>(place * 2 * flow_.moved) * size : raw_;
  }
  /// u (D, tile_size) of step k, and c.
  KOKKOS_FORCEINLINE_FUNCTION Scalar* mixed_from(int k) const {
    return states_ + static_cast<std::size_t>(2 * k * flow_.dimension) * size;
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* coupled_from(int k) const {
    return mixed_from(k) + static_cast<std::size_t>(flow_.dimension) * size;
  }

  /// The scale s = 2 tanh(r/2) of a raw one, and its slope.
  KOKKOS_FORCEINLINE_FUNCTION static Scalar bounded(Scalar raw, Scalar& slope) {
    const Scalar half = core::vector_sigmoid(raw);
    slope = Scalar(4) * half * (Scalar(1) - half);
    return Scalar(4) * half - Scalar(2);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void start_log_det(const Member& member, Scalar* log_det, Scalar sign) const {
    Scalar constant = 0;
    for (int k = 0; k < flow_.couplings; ++k) constant += flow_.log_volumes[k];
    core::for_each_lane(member, 1, [=](int, int lane) { log_det[lane] = sign * constant; });
  }

  /// c = M u.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void mix(const Member& member, const FlowStep<Scalar>& step, const Scalar* u,
                                       Scalar* c) const {
    if (flow_.mixing == Mixing::linear) return core::matrix_times_tile(member, step.mix, u, c, size);
    core::for_each_lane(member, flow_.dimension, [=, order = step.order](int row, int lane) {
      c[row * size + lane] = u[order[row] * size + lane];
    });
  }
  /// u = M⁻¹ c.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void unmix(const Member& member, const FlowStep<Scalar>& step, const Scalar* c,
                                         Scalar* u) const {
    if (flow_.mixing == Mixing::linear) return core::matrix_times_tile(member, step.unmix, c, u, size);
    core::for_each_lane(member, flow_.dimension, [=, order = step.order](int row, int lane) {
      u[order[row] * size + lane] = c[row * size + lane];
    });
  }

  /// raw (2 · moved, tile_size) = log scales, then shifts, at the kept rows of c.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void condition(const Member& member, const FlowStep<Scalar>& step, int place,
                                             const Scalar* c) const {
    conditioner(step, place).forward(member, c, raw(place));
  }

  /// (x_1, (x_2 + t) e^s), and log_det grows by Σ s; or (x_1, x_2 e^-s - t), and it falls.
  template <FlowDirection direction, class Member>
  KOKKOS_FORCEINLINE_FUNCTION void couple(const Member& member, int place, const Scalar* x, Scalar* out,
                                          Scalar* log_det) const {
    constexpr bool normalizes = direction == FlowDirection::normalize;
    const int kept = flow_.kept, moved = flow_.moved;
    core::for_each_lane(member, flow_.dimension, [=, raw = raw(place), scales = other_](int row, int lane) {
      const int index = row * size + lane, to = row - kept;
      if (row < kept) {
        out[index] = x[index];
      } else {
        Scalar slope;
        const Scalar s = bounded(raw[to * size + lane], slope), t = raw[(moved + to) * size + lane];
        scales[to * size + lane] = s;
        out[index] = normalizes ? (x[index] + t) * core::vector_exp(s) : x[index] * core::vector_exp(-s) - t;
      }
    });
    core::for_each_lane(member, 1, [=, scales = other_](int, int lane) {
      Scalar sum = 0;
      for (int row = 0; row < moved; ++row) sum += scales[row * size + lane];
      log_det[lane] += normalizes ? sum : -sum;
    });
  }

  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void pull_back_normalized(const Member& member, const Scalar* z_adjoint,
                                                        const Scalar* log_det_adjoint, Scalar* x_adjoint,
                                                        const Gradient& gradient) const {
    const Scalar* from = z_adjoint;
    for (int k = flow_.couplings - 1; k >= 0; --k) {
      const FlowStep<Scalar>& step = flow_.steps[k];
      pull_back_coupling(member, step, k, coupled_from(k), from, log_det_adjoint, gradient);
      if constexpr (Gradient::adds) add_mixing(member, step, other_, mixed_from(k), Scalar(1), gradient);
      unmix_adjoint(member, step, other_, x_adjoint);
      if constexpr (Gradient::adds) {
        core::for_each_lane(
            member, flow_.dimension, [=, u = mixed_from(k), products = products_](int row, int lane) {
              products[row * size + lane] = -x_adjoint[row * size + lane] * u[row * size + lane];
            });
        add_rows(member, products_, step.first_slot + 1, step.log_scale_index, gradient);
      }
      core::for_each_lane(member, flow_.dimension, [=, scale = step.inverse_scale](int row, int lane) {
        x_adjoint[row * size + lane] *= scale[row];
      });
      if constexpr (Gradient::adds) {
        core::for_each_lane(member, flow_.dimension, [=, products = products_](int row, int lane) {
          products[row * size + lane] = -x_adjoint[row * size + lane];
        });
        add_rows(member, products_, step.first_slot, step.shift_index, gradient);
      }
      from = x_adjoint;
    }
  }

  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void pull_back_generated(const Member& member, const Scalar* x_adjoint,
                                                       const Scalar* log_det_adjoint, Scalar* z_adjoint,
                                                       const Gradient& gradient) const {
    const Scalar* from = x_adjoint;
    for (int k = 0; k < flow_.couplings; ++k) {
      const FlowStep<Scalar>& step = flow_.steps[k];
      if constexpr (Gradient::adds) add_rows(member, from, step.first_slot, step.shift_index, gradient);
      core::for_each_lane(member, flow_.dimension, [=, scale = step.scale](int row, int lane) {
        z_adjoint[row * size + lane] = from[row * size + lane] * scale[row];
      });
      if constexpr (Gradient::adds) {
        core::for_each_lane(
            member, flow_.dimension, [=, u = mixed_from(k), products = products_](int row, int lane) {
              products[row * size + lane] = z_adjoint[row * size + lane] * u[row * size + lane];
            });
        add_rows(member, products_, step.first_slot + 1, step.log_scale_index, gradient);
      }
      mix_adjoint(member, step, z_adjoint, other_);
      if constexpr (Gradient::adds) add_mixing(member, step, other_, mixed_from(k), Scalar(-1), gradient);
      pull_back_uncoupling(member, step, flow_.couplings - 1 - k, coupled_from(k), other_, log_det_adjoint,
                           z_adjoint, gradient);
      from = z_adjoint;
    }
  }

  /// other_ = the adjoint of c from that of (c_1, (c_2 + t) e^s).
  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void pull_back_coupling(const Member& member, const FlowStep<Scalar>& step,
                                                      int place, const Scalar* c, const Scalar* adjoint,
                                                      const Scalar* log_det_adjoint,
                                                      const Gradient& gradient) const {
    const int kept = flow_.kept, moved = flow_.moved;
    const ConditionerTile tile = conditioner(step, place);
    if constexpr (!keeps_units) tile.forward(member, c, raw(place));
    core::for_each_lane(
        member, moved, [=, raw = raw(place), raw_bar = raw_adjoint_, c_bar = other_](int row, int lane) {
          const int index = (kept + row) * size + lane, shift = (moved + row) * size + lane;
          Scalar slope;
          const Scalar s = bounded(raw[row * size + lane], slope);
          const Scalar moved_bar = adjoint[index] * core::vector_exp(s);
          c_bar[index] = moved_bar;
          raw_bar[shift] = moved_bar;
          raw_bar[row * size + lane] = (moved_bar * (c[index] + raw[shift]) + log_det_adjoint[lane]) * slope;
        });
    sweep_conditioner(member, tile, c, gradient);
    core::for_each_lane(member, kept, [=, c_bar = other_, more = kept_adjoint_](int row, int lane) {
      c_bar[row * size + lane] = adjoint[row * size + lane] + more[row * size + lane];
    });
  }

  /// z_adjoint from the adjoint of c = (z_1, z_2 e^-s - t).
  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void pull_back_uncoupling(const Member& member, const FlowStep<Scalar>& step,
                                                        int place, const Scalar* c, const Scalar* c_adjoint,
                                                        const Scalar* log_det_adjoint, Scalar* z_adjoint,
                                                        const Gradient& gradient) const {
    const int kept = flow_.kept, moved = flow_.moved;
    const ConditionerTile tile = conditioner(step, place);
    if constexpr (!keeps_units) tile.forward(member, c, raw(place));  // the kept rows are those of z
    core::for_each_lane(member, moved, [=, raw = raw(place), raw_bar = raw_adjoint_](int row, int lane) {
      const int index = (kept + row) * size + lane, shift = (moved + row) * size + lane;
      Scalar slope;
      const Scalar s = bounded(raw[row * size + lane], slope);
      z_adjoint[index] = c_adjoint[index] * core::vector_exp(-s);
      raw_bar[row * size + lane] =
          -(c_adjoint[index] * (c[index] + raw[shift]) + log_det_adjoint[lane]) * slope;
      raw_bar[shift] = -c_adjoint[index];
    });
    sweep_conditioner(member, tile, c, gradient);
    core::for_each_lane(member, kept, [=, more = kept_adjoint_](int row, int lane) {
      z_adjoint[row * size + lane] = c_adjoint[row * size + lane] + more[row * size + lane];
    });
  }

  /// kept_adjoint_ from raw_adjoint_.
  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void sweep_conditioner(const Member& member, const ConditionerTile& tile,
                                                     const Scalar* c, const Gradient& gradient) const {
    if constexpr (Gradient::adds) {
      tile.add_gradient_and_reverse(member, c, raw_adjoint_, gradient.adder, gradient.worker, kept_adjoint_);
    } else {
      tile.reverse(member, raw_adjoint_, kept_adjoint_);
    }
  }

  /// u's adjoint Mᵀ c̄ in the sweep of `normalize`.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void unmix_adjoint(const Member& member, const FlowStep<Scalar>& step,
                                                 const Scalar* c_adjoint, Scalar* u_adjoint) const {
    if (flow_.mixing == Mixing::linear)
      return core::matrix_times_tile(member, step.mix_reverse, c_adjoint, u_adjoint, size);
    unmix(member, step, c_adjoint, u_adjoint);
  }
  /// c's adjoint M⁻ᵀ ū in that of `generate`.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void mix_adjoint(const Member& member, const FlowStep<Scalar>& step,
                                               const Scalar* u_adjoint, Scalar* c_adjoint) const {
    if (flow_.mixing == Mixing::linear)
      return core::matrix_times_tile(member, step.unmix_reverse, u_adjoint, c_adjoint, size);
    mix(member, step, u_adjoint, c_adjoint);
  }

  /// Adds sign · c̄ uᵀ, the derivative with respect to M: c = M u gives c̄ uᵀ, u = M⁻¹ c gives -(M⁻ᵀ ū) uᵀ.
  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void add_mixing(const Member& member, const FlowStep<Scalar>& step,
                                              const Scalar* c_adjoint, const Scalar* u, Scalar sign,
                                              const Gradient& gradient) const {
    if (flow_.mixing == Mixing::permutation) return;
    core::for_each_lane(member, flow_.dimension, [=, products = products_](int row, int lane) {
      products[row * size + lane] = sign * c_adjoint[row * size + lane];
    });
    core::arrange_right_factor(member, u, flow_.dimension, right_factor_, size);
    core::add_outer_product(member, products_, flow_.dimension, right_factor_, flow_.dimension, size,
                            {gradient.adder, gradient.worker, step.first_slot + 2, step.mixing_index});
  }

  template <class Member, class Gradient>
  KOKKOS_FORCEINLINE_FUNCTION void add_rows(const Member& member, const Scalar* rows, int slot,
                                            std::int64_t index, const Gradient& gradient) const {
    core::add_row_sums(member, rows, flow_.dimension, size, {gradient.adder, gradient.worker, slot, index});
  }

  FlowView<Scalar> flow_;
  core::ScratchArena conditioner_arena_{nullptr};
  std::size_t unit_bytes_ = 0;      // of one conditioner, where they are kept
  Scalar* raw_ = nullptr;           // (steps kept, 2 · moved, tile_size), conditioners' outputs
  Scalar* raw_adjoint_ = nullptr;   // (2 · moved, tile_size)
  Scalar* flowing_ = nullptr;       // (D, tile_size), the adjoint on its way
  Scalar* other_ = nullptr;         // (D, tile_size), scales of a coupling; c̄ in a sweep
  Scalar* kept_adjoint_ = nullptr;  // (kept, tile_size)
  Scalar* right_factor_ = nullptr;  // u, as the outer product wants it
  Scalar* products_ = nullptr;      // (D, tile_size)
  Scalar* states_ = nullptr;        // (couplings, 2, D, tile_size), u and c of each step
};

}  // namespace ebmpi::network

#include "network/flow_tile_instances.hpp"
