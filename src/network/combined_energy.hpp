// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/elementary.hpp"
#include "network/energy_step.hpp"
#include "network/flow_energy.hpp"
#include "network/mlp_energy.hpp"

namespace ebmpi::network {

/// What a part of an energy is: a network; -log q of a flow; or a function of u (K) in closed form:
///     standard_normal   ½‖u‖²
///     double_well       (u₀² - 1)²/(8c²) + Σ_{d>0} u_d²/(2c²): wells at ±1 that have the curvature of a
///                       Gaussian of standard deviation c, and a barrier of 1/(8c²) between them
///     funnel            u₀²/(2c²) + Σ_{d>0} (u_d² exp(-u₀) + u₀)/2: u₀ is log of the others' variance (Neal
///                       2003, doi:10.1214/aos/1056562461, with c = 3)
enum class PartKind { network, standard_normal, double_well, funnel, flow };

/// How a part sees the point: u = x; u = scale · x + shift; u = A x + b.
enum class Sight { plain, scaled, mapped };

/// A part as kernels see it: an energy of u (K), which sees x (D) through a map.
template <class Scalar>
struct EnergyPart {
  PartKind kind = PartKind::network;
  MlpEnergy<Scalar> network;
  FlowEnergy<Scalar> flow;
  Scalar parameter = 1;  // c
  int dimension = 0;     // K
  Sight sight = Sight::plain;
  const Scalar* scale = nullptr;      // (K)
  const Scalar* shift = nullptr;      // (K)
  core::PanelMatrix<Scalar> forward;  // A (K, D)
  core::PanelMatrix<Scalar> reverse;  // Aᵀ (D, K)
};

/// An energy put together from parts, as kernels see it: it has the shape of network/mlp_energy.hpp, so that
/// whatever takes an energy takes it. Its Tile must be the last to take from an arena.
template <class ScalarType>
struct CombinedEnergy {
  using Scalar = ScalarType;
  class Tile;

  /// An EnergyStep with what follows from its place.
  struct Step {
    EnergyStep::What what = EnergyStep::What::part;
    int part = 0;
    Scalar weight = 1, log_share = 0;
    int frame = 0;              // that it is added to, or that it opens
    bool is_first = true;       // in that frame
    bool into_mixture = false;  // whether that frame is a mixture
    bool was_mixture = false;   // whether what it closes is one
  };

  const Step* steps = nullptr;                // (step_count), in device memory
  const EnergyPart<Scalar>* parts = nullptr;  // in device memory
  int step_count = 0;
  int frames = 0;                // sums and mixtures that are open at a time
  int space = 0;                 // D
  int widest_part = 0;           // largest K
  std::size_t part_bytes = 0;    // largest workspace of a part
  bool is_lone_network = false;  // a network that sees x itself: no detour
  MlpEnergy<Scalar> lone;        // that network

  /// Where it is seen through a flow, x = g(z) is what the parts see, and the energy of z is E(g(z)) -
  /// T log|det ∂x/∂z|.
  bool is_transported = false;
  FlowView<Scalar> transport;
  std::size_t transport_bytes = 0;  // workspace of the flow
  Scalar temperature = 1;           // T

  KOKKOS_FORCEINLINE_FUNCTION int dimension() const { return space; }
};

template <class ScalarType>
class CombinedEnergy<ScalarType>::Tile {
public:
  KOKKOS_FORCEINLINE_FUNCTION Tile(const CombinedEnergy& energy, core::ScratchArena& arena)
      : energy_(energy), part_arena_(nullptr) {
    if (energy.is_transported) {
      point_ = arena.take<Scalar>(static_cast<std::size_t>(energy.space) * size);
      volume_ = arena.take<Scalar>(2 * size);
      transport_block_ = arena.take<char>(energy.transport_bytes);
    }
    if (!energy.is_lone_network) {
      frame_rows_ = arena.take<Scalar>(static_cast<std::size_t>(energy.frames) * frame_size());
      part_value_ = arena.take<Scalar>(size);
      part_gradient_ = arena.take<Scalar>(static_cast<std::size_t>(energy.space) * size);
      seen_ = arena.take<Scalar>(static_cast<std::size_t>(energy.widest_part) * size);
      seen_gradient_ = arena.take<Scalar>(static_cast<std::size_t>(energy.widest_part) * size);
      shares_ = arena.take<Scalar>(2 * size);
    }
    part_arena_ = arena;
    arena.take<char>(energy.part_bytes);
  }

  /// energy (tile_size) and gradient (D, tile_size) at x (D, tile_size).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy,
                                            Scalar* gradient) const {
    if (!energy_.is_transported) return evaluate_parts(member, x, energy, gradient);
    core::ScratchArena arena(transport_block_);
    const FlowTile<Scalar, Keep::slopes> flow(energy_.transport, arena);
    Scalar* const log_det = volume_;
    Scalar* const log_det_adjoint = volume_ + size;
    const Scalar temperature = energy_.temperature;
    flow.generate(member, x, point_, log_det);
    evaluate_parts(member, point_, energy, gradient);
    core::for_each_lane(member, 1, [=](int, int lane) {
      energy[lane] -= temperature * log_det[lane];
      log_det_adjoint[lane] = -temperature;
    });
    if (gradient) flow.pull_back_to_normal(member, gradient, log_det_adjoint, gradient);
  }

  /// energy (tile_size) alone.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const Scalar* x, Scalar* energy) const {
    evaluate(member, x, energy, static_cast<Scalar*>(nullptr));
  }

private:
  static constexpr int size = core::tile_size;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate_parts(const Member& member, const Scalar* x, Scalar* energy,
                                                  Scalar* gradient) const {
    if (energy_.is_lone_network) {
      core::ScratchArena arena = part_arena_;
      const typename MlpEnergy<Scalar>::Tile tile(energy_.lone, arena);
      if (gradient) return tile.evaluate(member, x, energy, gradient);
      return tile.evaluate(member, x, energy);
    }
    for (int number = 0; number < energy_.step_count; ++number) {
      const Step& step = energy_.steps[number];
      if (step.what == EnergyStep::What::part) {
        evaluate_part(member, energy_.parts[step.part], x, gradient != nullptr);
        add(member, step, part_value_, part_gradient_, gradient != nullptr, energy, gradient);
      } else if (step.what == EnergyStep::What::close) {
        if (step.was_mixture) finish_mixture(member, step.frame + 1, gradient != nullptr);
        add(member, step, value(step.frame + 1), slope(step.frame + 1), gradient != nullptr, energy,
            gradient);
      }
    }
  }

  // A frame holds what has been added up: the value, of a mixture Σ exp(term - top) and the top; and the
  // gradient. Frame 0 is the result itself.
  KOKKOS_FORCEINLINE_FUNCTION int frame_size() const { return (energy_.space + 2) * size; }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* value(int frame) const {
    return frame_rows_ + static_cast<std::size_t>(frame - 1) * frame_size();
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* top(int frame) const { return value(frame) + size; }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* slope(int frame) const { return value(frame) + 2 * size; }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate_part(const Member& member, const EnergyPart<Scalar>& part,
                                                 const Scalar* x, bool with_gradient) const {
    const bool is_plain = part.sight == Sight::plain;
    const Scalar* const u = is_plain ? x : seen_;
    Scalar* const gradient = is_plain ? part_gradient_ : seen_gradient_;
    if (!is_plain) see(member, part, x);
    if (part.kind == PartKind::network) {
      evaluate_model(member, part.network, u, with_gradient ? gradient : nullptr);
    } else if (part.kind == PartKind::flow) {
      evaluate_model(member, part.flow, u, with_gradient ? gradient : nullptr);
    } else {
      evaluate_closed_form(member, part, u, gradient);
    }
    if (!is_plain && with_gradient) pull_back(member, part);
  }

  template <class Member, class Energy>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate_model(const Member& member, const Energy& energy, const Scalar* u,
                                                  Scalar* gradient) const {
    core::ScratchArena arena = part_arena_;
    const typename Energy::Tile tile(energy, arena);
    if (gradient) return tile.evaluate(member, u, part_value_, gradient);
    tile.evaluate(member, u, part_value_);
  }

  /// seen_ = the point as the part sees it.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void see(const Member& member, const EnergyPart<Scalar>& part,
                                       const Scalar* x) const {
    const Scalar* const shift = part.shift;
    if (part.sight == Sight::mapped) {
      core::matrix_times_tile(member, part.forward, x, seen_, size);
      core::for_each_lane(member, part.dimension,
                          [=, u = seen_](int row, int lane) { u[row * size + lane] += shift[row]; });
    } else {
      core::for_each_lane(member, part.dimension, [=, u = seen_, scale = part.scale](int row, int lane) {
        u[row * size + lane] = scale[row] * x[row * size + lane] + shift[row];
      });
    }
  }

  /// part_gradient_ = the gradient with respect to x from that with respect to u.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void pull_back(const Member& member, const EnergyPart<Scalar>& part) const {
    if (part.sight == Sight::mapped)
      return core::matrix_times_tile(member, part.reverse, seen_gradient_, part_gradient_, size);
    core::for_each_lane(
        member, part.dimension,
        [=, to = part_gradient_, from = seen_gradient_, scale = part.scale](int row, int lane) {
          to[row * size + lane] = scale[row] * from[row * size + lane];
        });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate_closed_form(const Member& member, const EnergyPart<Scalar>& part,
                                                        const Scalar* u, Scalar* gradient) const {
    Scalar* const value = part_value_;
    const int dimension = part.dimension;
    const Scalar c = part.parameter, precision = Scalar(1) / (c * c);
    core::sum_rows(member, dimension, value, [=](int row, int lane) {
      return Scalar(0.5) * u[row * size + lane] * u[row * size + lane];
    });
    if (part.kind == PartKind::standard_normal) {
      core::for_each_lane(member, dimension,
                          [=](int row, int lane) { gradient[row * size + lane] = u[row * size + lane]; });
    } else if (part.kind == PartKind::double_well) {
      core::for_each_lane(member, 1, [=](int, int lane) {
        const Scalar first = u[lane], height = first * first - Scalar(1);
        value[lane] =
            precision * (value[lane] - Scalar(0.5) * first * first + Scalar(0.125) * height * height);
      });
      core::for_each_lane(member, dimension, [=](int row, int lane) {
        const Scalar at = u[row * size + lane];
        const Scalar in_well = Scalar(0.5) * at * (at * at - Scalar(1));
        gradient[row * size + lane] = precision * (row == 0 ? in_well : at);
      });
    } else {
      evaluate_funnel(member, dimension, precision, u, gradient);
    }
  }

  /// part_value_ holds ½‖u‖².
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void evaluate_funnel(const Member& member, int dimension, Scalar precision,
                                                   const Scalar* u, Scalar* gradient) const {
    Scalar* const value = part_value_;
    core::for_each_lane(member, 1, [=](int, int lane) {
      const Scalar first = u[lane], narrow = core::vector_exp(-first);
      const Scalar others = value[lane] - Scalar(0.5) * first * first;
      const Scalar half = Scalar(0.5) * static_cast<Scalar>(dimension - 1);
      value[lane] = Scalar(0.5) * precision * first * first + narrow * others + half * first;
      gradient[lane] = precision * first - narrow * others + half;
    });
    core::for_each_lane(member, dimension - 1, [=](int row, int lane) {
      const int index = (row + 1) * size + lane;
      gradient[index] = core::vector_exp(-u[lane]) * u[index];
    });
  }

  /// Adds a member (value, slope) to the frame of its step.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void add(const Member& member, const Step& step, const Scalar* from,
                                       const Scalar* from_slope, bool with_gradient, Scalar* energy,
                                       Scalar* gradient) const {
    Scalar* const to = step.frame == 0 ? energy : value(step.frame);
    Scalar* const to_slope = step.frame == 0 ? gradient : slope(step.frame);
    const Scalar weight = step.weight;
    Scalar* const keep = shares_;
    Scalar* const share = shares_ + size;
    if (step.into_mixture) {
      weigh_in(member, step, from, to);
    } else if (step.is_first) {
      core::for_each_lane(member, 1, [=](int, int lane) { to[lane] = weight * from[lane]; });
    } else {
      core::for_each_lane(member, 1, [=](int, int lane) { to[lane] += weight * from[lane]; });
    }
    if (!with_gradient) return;
    if (step.is_first) {
      core::for_each_lane(member, energy_.space, [=](int row, int lane) {
        to_slope[row * size + lane] = weight * from_slope[row * size + lane];
      });
    } else if (step.into_mixture) {
      core::for_each_lane(member, energy_.space, [=](int row, int lane) {
        const int index = row * size + lane;
        to_slope[index] = keep[lane] * to_slope[index] + share[lane] * weight * from_slope[index];
      });
    } else {
      core::for_each_lane(member, energy_.space, [=](int row, int lane) {
        to_slope[row * size + lane] += weight * from_slope[row * size + lane];
      });
    }
  }

  /// The running sum of exponentials with the largest taken out; shares_ = the factors of what was there and
  /// of what comes.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh_in(const Member& member, const Step& step, const Scalar* from,
                                            Scalar* to) const {
    Scalar* const highest = top(step.frame);
    Scalar* const keep = shares_;
    Scalar* const share = shares_ + size;
    const Scalar weight = step.weight, log_share = step.log_share;
    if (step.is_first) {
      core::for_each_lane(member, 1, [=](int, int lane) {
        highest[lane] = log_share - weight * from[lane];
        to[lane] = 1;
      });
      return;
    }
    core::for_each_lane(member, 1, [=](int, int lane) {
      const Scalar term = log_share - weight * from[lane];
      const Scalar higher = term > highest[lane] ? term : highest[lane];
      keep[lane] = core::vector_exp(highest[lane] - higher);
      share[lane] = core::vector_exp(term - higher);
      to[lane] = keep[lane] * to[lane] + share[lane];
      highest[lane] = higher;
    });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void finish_mixture(const Member& member, int frame, bool with_gradient) const {
    Scalar* const sum = value(frame);
    Scalar* const slopes = slope(frame);
    Scalar* const highest = top(frame);
    if (with_gradient) {
      core::for_each_lane(member, energy_.space,
                          [=](int row, int lane) { slopes[row * size + lane] /= sum[lane]; });
    }
    core::for_each_lane(member, 1,
                        [=](int, int lane) { sum[lane] = -(highest[lane] + core::vector_log(sum[lane])); });
  }

  CombinedEnergy energy_;
  core::ScratchArena part_arena_;
  Scalar* point_ = nullptr;          // (D, tile_size), g(z)
  Scalar* volume_ = nullptr;         // (2, tile_size), log|det ∂x/∂z| and its adjoint
  char* transport_block_ = nullptr;  // workspace of the flow
  Scalar* frame_rows_ = nullptr;
  Scalar* part_value_ = nullptr;     // (tile_size)
  Scalar* part_gradient_ = nullptr;  // (D, tile_size)
  Scalar* seen_ = nullptr;           // (widest K, tile_size), u
  Scalar* seen_gradient_ = nullptr;  // (widest K, tile_size)
  Scalar* shares_ = nullptr;         // (2, tile_size)
};

}  // namespace ebmpi::network
