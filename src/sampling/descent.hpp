// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

struct DescentSettings {
  int iterations = 500;     ///< evaluations of the energy at most; >= 1
  double tolerance = 1e-3;  ///< a row is at its minimum where ‖∇U‖ <= tolerance · √D
};

/// Where descents are. Only x needs to be set at the start.
template <class Scalar>
struct DescentState {
  core::Rows<Scalar> x;                                 // (N, D)
  Kokkos::View<Scalar*, core::MemorySpace> energy;      // (N), E(x)
  Kokkos::View<Scalar*, core::MemorySpace> slope;       // (N), ‖∇U(x)‖
  Kokkos::View<Scalar*, core::MemorySpace> iterations;  // (N), evaluations after which it was at the minimum
};

namespace detail {

/// One tile of descents in a team's scratch; every row goes its own way.
template <class Energy>
class DescentTile {
public:
  using Scalar = typename Energy::Scalar;

  /// Lays the workspace out in `arena`; with a counting arena, only measures it.
  KOKKOS_FORCEINLINE_FUNCTION DescentTile(const Energy& energy, core::ScratchArena& arena)
      : dimension_(energy.dimension()), energy_tile_(lay_out(energy, arena), arena) {}

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void descend(const Member& member, Scalar energy_weight,
                                           const core::Rows<Scalar>& centre, const DescentSettings& settings,
                                           const DescentState<Scalar>& state, std::int64_t first, int count) {
    const Scalar enough =
        static_cast<Scalar>(settings.tolerance * settings.tolerance) * static_cast<Scalar>(dimension_);
    core::load_tile(member, state.x, first, count, new_x_);
    core::load_tile(member, centre, first, count, centre_);
    start(member, energy_weight, enough);
    for (int iteration = 1; iteration < settings.iterations && !all_done(); ++iteration) {
      propose(member);
      measure(member, energy_weight);
      measure_curvature(member);
      judge(member);
      take(member);
      choose_step(member, enough, static_cast<Scalar>(iteration + 1));
      remember(member, iteration % memory);
    }
    core::store_tile(member, x_, state.x, first, count);
    core::for_each(member, count, [&](int lane) {
      state.energy(first + lane) = energy_[lane];
      state.slope(first + lane) = Kokkos::sqrt(square_[lane]);
      state.iterations(first + lane) = iterations_[lane];
    });
  }

private:
  static constexpr int size = core::tile_size;

  KOKKOS_FORCEINLINE_FUNCTION const Energy& lay_out(const Energy& energy, core::ScratchArena& arena) {
    const std::size_t rows = static_cast<std::size_t>(energy.dimension()) * size;
    Scalar** const positions[] = {&x_, &slope_, &new_x_, &new_slope_, &centre_};
    for (Scalar** const position : positions) *position = arena.take<Scalar>(rows);
    Scalar** const numbers[] = {&energy_, &value_, &new_energy_, &new_value_,  &step_,
                                &square_, &move_,  &bend_,       &iterations_, &taken_};
    for (Scalar** const number : numbers) *number = arena.take<Scalar>(size);
    recent_ = arena.take<Scalar>(static_cast<std::size_t>(memory) * size);
    return energy;
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void start(const Member& member, Scalar energy_weight, Scalar enough) {
    measure(member, energy_weight);
    core::for_each_lane(
        member, 1,
        [taken = taken_, step = step_, move = move_, bend = bend_, iterations = iterations_](int, int lane) {
          taken[lane] = 1;
          step[lane] = 1;  // Newton's, where the energy is flat
          move[lane] = 1;
          bend[lane] = 1;
          iterations[lane] = 1;
        });
    take(member);
    choose_step(member, enough, Scalar(1));
    for (int place = 0; place < memory; ++place) remember(member, place);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void remember(const Member& member, int place) const {
    core::for_each_lane(
        member, 1, [value = value_, to = recent_ + place * size](int, int lane) { to[lane] = value[lane]; });
  }

  /// Steps of 0 are of rows at their minimum.
  KOKKOS_FORCEINLINE_FUNCTION bool all_done() const {
    Scalar longest = 0;
    for (int lane = 0; lane < size; ++lane) longest = step_[lane] > longest ? step_[lane] : longest;
    return longest == Scalar(0);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void propose(const Member& member) const {
    core::for_each_lane(
        member, dimension_, [to = new_x_, x = x_, slope = slope_, step = step_](int row, int lane) {
          to[row * size + lane] = x[row * size + lane] - step[lane] * slope[row * size + lane];
        });
  }

  /// new_value_ = U and new_slope_ = ∇U at new_x_.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void measure(const Member& member, Scalar energy_weight) const {
    energy_tile_.evaluate(member, new_x_, new_energy_, new_slope_);
    core::sum_rows(member, dimension_, new_value_, [x = new_x_, y = centre_](int row, int lane) {
      const Scalar away = x[row * size + lane] - y[row * size + lane];
      return Scalar(0.5) * away * away;
    });
    core::for_each_lane(member, 1, [=, value = new_value_, energy = new_energy_](int, int lane) {
      value[lane] += energy_weight * energy[lane];
    });
    core::for_each_lane(member, dimension_,
                        [=, slope = new_slope_, x = new_x_, y = centre_](int row, int lane) {
                          const int index = row * size + lane;
                          slope[index] = energy_weight * slope[index] + (x[index] - y[index]);
                        });
  }

  /// move_ = ‖Δx‖², bend_ = Δx · Δ∇U.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void measure_curvature(const Member& member) const {
    core::sum_rows(member, dimension_, move_, [x = x_, to = new_x_](int row, int lane) {
      const Scalar move = to[row * size + lane] - x[row * size + lane];
      return move * move;
    });
    core::sum_rows(member, dimension_, bend_,
                   [x = x_, to = new_x_, slope = slope_, new_slope = new_slope_](int row, int lane) {
                     const int index = row * size + lane;
                     return (to[index] - x[index]) * (new_slope[index] - slope[index]);
                   });
  }

  /// taken_ = 1 where U has fallen enough below the highest of its recent values, up to rounding: to let it
  /// rise now and then is what makes steps of this kind fast (Raydan 1997, doi:10.1137/S1052623494266365).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void judge(const Member& member) const {
    core::for_each_lane(member, 1,
                        [taken = taken_, recent = recent_, new_value = new_value_, step = step_,
                         square = square_](int, int lane) {
                          Scalar highest = recent[lane];
                          for (int k = 1; k < memory; ++k) {
                            const Scalar other = recent[k * size + lane];
                            highest = other > highest ? other : highest;
                          }
                          const Scalar magnitude = highest < Scalar(0) ? -highest : highest;
                          const Scalar bound = highest - Scalar(1e-4) * step[lane] * square[lane] +
                                               Scalar(rounding) * magnitude;
                          taken[lane] = new_value[lane] <= bound ? Scalar(1) : Scalar(0);  // NaN: not
                        });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void take(const Member& member) const {
    core::for_each_lane(
        member, dimension_,
        [taken = taken_, x = x_, slope = slope_, new_x = new_x_, new_slope = new_slope_](int row, int lane) {
          const int index = row * size + lane;
          x[index] = taken[lane] > Scalar(0) ? new_x[index] : x[index];
          slope[index] = taken[lane] > Scalar(0) ? new_slope[index] : slope[index];
        });
    core::sum_rows(member, dimension_, square_, [slope = slope_](int row, int lane) {
      return slope[row * size + lane] * slope[row * size + lane];
    });
  }

  /// After a step that was taken, the one that its curvature suggests (Barzilai and Borwein 1988,
  /// doi:10.1093/imanum/8.1.141), or twice as long where U bends down; after one that was not, the minimum of
  /// the parabola through what is known. No step is longer than 1 in the root of the mean square coordinate.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void choose_step(const Member& member, Scalar enough, Scalar iteration) const {
    const auto longest_square = static_cast<Scalar>(dimension_);
    core::for_each_lane(member, 1,
                        [=, taken = taken_, step = step_, square = square_, move = move_, bend = bend_,
                         value = value_, new_value = new_value_, energy = energy_, new_energy = new_energy_,
                         iterations = iterations_](int, int lane) {
                          const Scalar fall = step[lane] * square[lane];
                          const Scalar above = new_value[lane] - value[lane] + fall;
                          const Scalar share = above > fall ? Scalar(0.5) * fall / above : Scalar(0.5);
                          const Scalar shorter = step[lane] * (share > Scalar(0.1) ? share : Scalar(0.1));
                          const Scalar curved =
                              bend[lane] > Scalar(0) ? move[lane] / bend[lane] : Scalar(2) * step[lane];
                          const Scalar wanted = taken[lane] > Scalar(0) ? curved : shorter;
                          const Scalar longest =
                              square[lane] > enough ? Kokkos::sqrt(longest_square / square[lane]) : Scalar(0);
                          iterations[lane] = step[lane] > Scalar(0) ? iteration : iterations[lane];
                          step[lane] = wanted < longest ? wanted : longest;
                          value[lane] = taken[lane] > Scalar(0) ? new_value[lane] : value[lane];
                          energy[lane] = taken[lane] > Scalar(0) ? new_energy[lane] : energy[lane];
                        });
  }

  /// Of U, in shares of itself: sums of some hundred numbers are taken in it.
  static constexpr double rounding = 16 * std::numeric_limits<Scalar>::epsilon();

  /// Values of U that a new one is compared with.
  static constexpr int memory = 8;

  int dimension_;
  // (D, tile_size) each; slopes are ∇U
  Scalar *x_ = nullptr, *slope_ = nullptr, *new_x_ = nullptr, *new_slope_ = nullptr, *centre_ = nullptr;
  // (tile_size) each; values are U
  Scalar *energy_ = nullptr, *value_ = nullptr, *new_energy_ = nullptr, *new_value_ = nullptr,
         *step_ = nullptr, *square_ = nullptr, *move_ = nullptr, *bend_ = nullptr, *iterations_ = nullptr,
         *taken_ = nullptr;
  Scalar* recent_ = nullptr;           // (memory, tile_size), of U
  typename Energy::Tile energy_tile_;  // after all others: its workspace comes last
};

template <class Energy>
std::size_t descent_workspace(const Energy& energy) {
  core::ScratchArena arena(nullptr);
  DescentTile<Energy>(energy, arena);
  return arena.used();
}

template <class Energy, class Member>
KOKKOS_FORCEINLINE_FUNCTION void descend_tile(const Member& member, const Energy& energy,
                                              core::ScratchArena arena, typename Energy::Scalar energy_weight,
                                              const core::Rows<typename Energy::Scalar>& centre,
                                              const DescentSettings& settings,
                                              const DescentState<typename Energy::Scalar>& state,
                                              std::int64_t first) {
  const std::int64_t left = static_cast<std::int64_t>(state.x.extent(0)) - first;
  const int count = left < core::tile_size ? static_cast<int>(left) : core::tile_size;
  DescentTile<Energy>(energy, arena).descend(member, energy_weight, centre, settings, state, first, count);
}

}  // namespace detail

/// Moves x (N, D) downhill from where it is to a minimum of
///     U(x) = a E(x) + ½‖x - y‖²
/// with y = `centre` (N, D), all iterations in one launch. U never rises above where it was at the start, and
/// each row goes by itself: gradient steps of the length that the last one's curvature suggests, shortened
/// where U has not fallen enough.
/// Lengths are in units of the spring, whose noise is 1.
template <class Energy>
void descend(const core::ExecutionSpace& space, const Energy& energy, double energy_weight,
             const core::Rows<typename Energy::Scalar>& centre, const DescentSettings& settings,
             const DescentState<typename Energy::Scalar>& state) {
  using Scalar = typename Energy::Scalar;
  const auto weight = static_cast<Scalar>(energy_weight);
  core::for_each_tile<Scalar>(
      space, "ebmpi::sampling::descend", static_cast<std::int64_t>(state.x.extent(0)),
      detail::descent_workspace(energy),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        detail::descend_tile(member, energy, arena, weight, centre, settings, state, first);
      });
}

}  // namespace ebmpi::sampling
