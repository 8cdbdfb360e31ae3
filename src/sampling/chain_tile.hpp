// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/elementary.hpp"
#include "core/noise.hpp"
#include "sampling/chain_state.hpp"

namespace ebmpi::sampling {

/// How a chain proposes its next position, which a Metropolis test then accepts or not: a random walk
/// (Metropolis et al. 1953, doi:10.1063/1.1699114), or a Hamiltonian trajectory (Duane et al. 1987,
/// doi:10.1016/0370-2693(87)91197-X; Neal 2011, arXiv 1206.1901), of which one leapfrog step is the
/// Metropolis-adjusted Langevin algorithm (Roberts and Tweedie 1996, doi:10.2307/3318418).
enum class Proposal { random_walk, trajectory };

/// One transition of a chain.
struct TransitionSettings {
  Proposal proposal = Proposal::trajectory;
  int leapfrogs = 1;    ///< steps of a trajectory; >= 1
  double jitter = 0.0;  ///< each trajectory's step size is drawn from (1 ± jitter) times the step size, lest
                        ///< it closes upon itself; 0 <= jitter < 1
};

/// What the transitions of a launch have come to, added to what is there.
template <class Scalar>
struct ChainTally {
  Kokkos::View<Scalar*, core::MemorySpace> acceptance;   // (N), Σ of the probabilities of acceptance
  Kokkos::View<Scalar*, core::MemorySpace> divergences;  // (N), trajectories whose energy ran away
};

/// A trajectory has diverged where its Hamiltonian is off by this much (as in Stan).
inline constexpr double divergence_threshold = 1000.0;

/// The keys of the random numbers of transitions.
struct TransitionKeys {
  core::PhiloxKey noise, acceptance;
};

inline TransitionKeys transition_keys(std::uint64_t seed, core::Purpose noise) {
  return {core::stream_key(seed, noise), core::stream_key(seed, core::Purpose::acceptance)};
}

namespace detail {

/// One tile of chains in a team's scratch: transitions that leave exp(-U) invariant. Whatever a transition
/// draws is a pure function of (keys, chain number, step, transitions made in this launch).
template <class Energy>
class ChainTile {
public:
  using Scalar = typename Energy::Scalar;

  /// Lays the workspace out in `arena`; with a counting arena, only measures it.
  KOKKOS_FORCEINLINE_FUNCTION ChainTile(const Energy& energy, const ChainTarget<Scalar>& target,
                                        core::ScratchArena& arena)
      : target_(target), dimension_(energy.dimension()), energy_tile_(lay_out(energy, arena), arena) {}

  /// Takes in the chains [first, first + count). `step_sizes` (N) are theirs; where empty, `step_size`.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void load(const Member& member, const ChainState<Scalar>& state,
                                        const Kokkos::View<const Scalar*, core::MemorySpace>& step_sizes,
                                        Scalar step_size, std::int64_t first, int count) {
    core::load_tile(member, state.x, first, count, x_);
    core::load_tile(member, state.gradient, first, count, gradient_);
    if (target_.centre.data()) core::load_tile(member, target_.centre, first, count, centre_);
    if (target_.free.data()) core::load_tile(member, target_.free, first, count, free_);
    core::for_each(member, size, [&](int lane) {
      const std::int64_t chain = first + (lane < count ? lane : count - 1);
      numbers_[lane] = state.numbers(chain);
      energy_[lane] = state.energy(chain);
      step_sizes_[lane] = step_sizes.data() ? step_sizes(chain) : step_size;
      energy_weight_[lane] =
          target_.energy_weights.data() ? target_.energy_weights(chain) : target_.energy_weight;
      spring_[lane] = target_.spring;
      acceptance_[lane] = 0;
      divergences_[lane] = 0;
    });
    measure_spring(member);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void store(const Member& member, const ChainState<Scalar>& state,
                                         const ChainTally<Scalar>& tally, std::int64_t first,
                                         int count) const {
    core::store_tile(member, x_, state.x, first, count);
    core::store_tile(member, gradient_, state.gradient, first, count);
    core::for_each(member, count, [&](int lane) {
      state.energy(first + lane) = energy_[lane];
      if (tally.acceptance.data()) tally.acceptance(first + lane) += acceptance_[lane];
      if (tally.divergences.data()) tally.divergences(first + lane) += divergences_[lane];
    });
  }

  KOKKOS_FORCEINLINE_FUNCTION const std::int64_t* numbers() const { return numbers_; }
  KOKKOS_FORCEINLINE_FUNCTION const Scalar* energy() const { return energy_; }  // (tile_size), E(x)
  KOKKOS_FORCEINLINE_FUNCTION const Scalar* stretch() const { return stretch_; }  // (tile_size), ½‖x - y‖²
  KOKKOS_FORCEINLINE_FUNCTION Scalar* ring() const { return ring_; }

  /// The weights a and b of all chains, and their step size, from here on.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void set_target(const Member& member, Scalar energy_weight, Scalar spring,
                                              Scalar step_size) const {
    core::for_each_lane(member, 1, [=, a = energy_weight_, b = spring_, sizes = step_sizes_](int, int lane) {
      a[lane] = energy_weight;
      b[lane] = spring;
      sizes[lane] = step_size;
    });
  }

  /// One transition. `noise` gives the chain's normal numbers, `number` counts the transitions of the launch.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void transition(const Member& member, const TransitionSettings& settings,
                                              core::NormalRows<Scalar>& noise, core::PhiloxKey acceptance_key,
                                              std::uint32_t step, std::uint32_t number) {
    draw_uniforms(member, static_cast<Scalar>(settings.jitter), acceptance_key, step, number);
    remember(member);
    noise.advance(member);
    if (settings.proposal == Proposal::random_walk) {
      walk(member, noise);
    } else {
      follow_trajectory(member, noise, settings.leapfrogs);
    }
    refuse_outside(member);
    accept(member);
  }

private:
  static constexpr int size = core::tile_size;

  /// Everything but the energy's own workspace, which has to come last.
  KOKKOS_FORCEINLINE_FUNCTION const Energy& lay_out(const Energy& energy, core::ScratchArena& arena) {
    const std::size_t rows = static_cast<std::size_t>(energy.dimension()) * size;
    x_ = arena.take<Scalar>(rows);
    gradient_ = arena.take<Scalar>(rows);
    momentum_ = arena.take<Scalar>(rows);
    old_x_ = arena.take<Scalar>(rows);
    old_gradient_ = arena.take<Scalar>(rows);
    if (target_.centre.data()) centre_ = arena.take<Scalar>(rows);
    if (target_.free.data()) free_ = arena.take<Scalar>(rows);
    ring_ = arena.take<Scalar>(
        static_cast<std::size_t>(core::NormalRows<Scalar>::ring_rows(energy.dimension())) * size);
    Scalar** const numbers_of_chains[] = {&energy_,        &stretch_, &old_energy_, &old_stretch_,
                                          &energy_weight_, &spring_,  &step_sizes_, &trajectory_step_,
                                          &log_uniform_,   &change_,  &sums_,       &acceptance_,
                                          &divergences_};
    for (Scalar** const row : numbers_of_chains) *row = arena.take<Scalar>(size);
    numbers_ = arena.take<std::int64_t>(size);
    return energy;
  }

  /// log_uniform_ for the test, trajectory_step_ for the proposal.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void draw_uniforms(const Member& member, Scalar jitter, core::PhiloxKey key,
                                                 std::uint32_t step, std::uint32_t number) const {
    core::for_each_lane(member, 1,
                        [=, numbers = numbers_, log_uniform = log_uniform_, sizes = step_sizes_,
                         trajectory_step = trajectory_step_](int, int lane) {
                          const core::PhiloxBlock bits =
                              core::draw(key, static_cast<std::uint64_t>(numbers[lane]), step, number);
                          log_uniform[lane] = core::vector_log(core::uniform<Scalar>(bits.word[0]));
                          const Scalar from_middle =
                              Scalar(2) * core::uniform<Scalar>(bits.word[1]) - Scalar(1);
                          trajectory_step[lane] = sizes[lane] * (Scalar(1) + jitter * from_middle);
                        });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void remember(const Member& member) const {
    core::for_each_lane(
        member, dimension_,
        [=, x = x_, gradient = gradient_, old_x = old_x_, old_gradient = old_gradient_](int row, int lane) {
          old_x[row * size + lane] = x[row * size + lane];
          old_gradient[row * size + lane] = gradient[row * size + lane];
        });
    core::for_each_lane(member, 1,
                        [=, energy = energy_, stretch = stretch_, old_energy = old_energy_,
                         old_stretch = old_stretch_](int, int lane) {
                          old_energy[lane] = energy[lane];
                          old_stretch[lane] = stretch[lane];
                        });
  }

  /// stretch_ = ½‖x - y‖².
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void measure_spring(const Member& member) const {
    core::sum_rows(member, dimension_, stretch_, [x = x_, y = centre_](int row, int lane) {
      const Scalar away = y ? x[row * size + lane] - y[row * size + lane] : x[row * size + lane];
      return Scalar(0.5) * away * away;
    });
  }

  /// change_ = what the transition adds to U, and to the kinetic energy, so far.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void add_potential(const Member& member) const {
    measure_spring(member);
    core::for_each_lane(member, 1,
                        [=, change = change_, energy = energy_, old_energy = old_energy_, stretch = stretch_,
                         old_stretch = old_stretch_, a = energy_weight_, b = spring_](int, int lane) {
                          change[lane] += a[lane] * (energy[lane] - old_energy[lane]) +
                                          b[lane] * (stretch[lane] - old_stretch[lane]);
                        });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void walk(const Member& member, const core::NormalRows<Scalar>& noise) const {
    for (int row = 0; row < dimension_; ++row) {
      const Scalar* const xi = noise.row(row);
      core::for_each_lane(member, 1,
                          [=, x = x_ + row * size, free = free_ ? free_ + row * size : nullptr,
                           step = step_sizes_](int, int lane) {
                            const Scalar shift = step[lane] * xi[lane];
                            x[lane] += free ? free[lane] * shift : shift;
                          });
    }
    energy_tile_.evaluate(member, x_, energy_, gradient_);
    core::for_each_lane(member, 1, [change = change_](int, int lane) { change[lane] = 0; });
    add_potential(member);
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void follow_trajectory(const Member& member,
                                                     const core::NormalRows<Scalar>& noise,
                                                     int leapfrogs) const {
    for (int row = 0; row < dimension_; ++row) {
      const Scalar* const xi = noise.row(row);
      core::for_each_lane(member, 1,
                          [=, p = momentum_ + row * size, free = free_ ? free_ + row * size : nullptr](
                              int, int lane) { p[lane] = free ? free[lane] * xi[lane] : xi[lane]; });
    }
    kinetic_energy(member, Scalar(-1));
    for (int k = 0; k < leapfrogs; ++k) {
      kick(member, k == 0 ? Scalar(0.5) : Scalar(1));
      core::for_each_lane(member, dimension_,
                          [=, x = x_, p = momentum_, step = trajectory_step_](int row, int lane) {
                            x[row * size + lane] += step[lane] * p[row * size + lane];
                          });
      energy_tile_.evaluate(member, x_, energy_, gradient_);
    }
    kick(member, Scalar(0.5));
    kinetic_energy(member, Scalar(1));
    add_potential(member);
  }

  /// p ← p - fraction · ε ∇U.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void kick(const Member& member, Scalar fraction) const {
    core::for_each_lane(member, dimension_,
                        [=, x = x_, y = centre_, free = free_, p = momentum_, gradient = gradient_,
                         a = energy_weight_, b = spring_, step = trajectory_step_](int row, int lane) {
                          const int index = row * size + lane;
                          const Scalar away = y ? x[index] - y[index] : x[index];
                          const Scalar slope = a[lane] * gradient[index] + b[lane] * away;
                          p[index] -= fraction * step[lane] * (free ? free[index] * slope : slope);
                        });
  }

  /// change_ = -½‖p‖² at the start, and more by ½‖p‖² at the end.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void kinetic_energy(const Member& member, Scalar sign) const {
    core::sum_rows(member, dimension_, sums_, [p = momentum_](int row, int lane) {
      return Scalar(0.5) * p[row * size + lane] * p[row * size + lane];
    });
    core::for_each_lane(member, 1, [=, change = change_, sums = sums_](int, int lane) {
      change[lane] = sign < Scalar(0) ? -sums[lane] : change[lane] + sums[lane];
    });
  }

  /// change_ = ∞ for proposals outside of the box.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void refuse_outside(const Member& member) const {
    if (!target_.minimum.data()) return;
    const Scalar* const minimum = target_.minimum.data();
    const Scalar* const maximum = target_.maximum.data();
    core::sum_rows(member, dimension_, sums_, [=, x = x_](int row, int lane) {
      const Scalar value = x[row * size + lane];
      return value < minimum[row] || value > maximum[row] ? Scalar(1) : Scalar(0);
    });
    core::for_each_lane(member, 1, [=, change = change_, outside = sums_](int, int lane) {
      change[lane] = outside[lane] > Scalar(0) ? Scalar(refused) : change[lane];
    });
  }

  /// Where log u < -change the chain is at the proposal, else where it was; a change that is NaN is refused.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void accept(const Member& member) const {
    core::for_each_lane(
        member, 1,
        [=, change = change_, log_uniform = log_uniform_, taken = sums_, acceptance = acceptance_,
         divergences = divergences_, energy = energy_, old_energy = old_energy_, stretch = stretch_,
         old_stretch = old_stretch_](int, int lane) {
          const Scalar rise =
              change[lane] < Scalar(refused) ? change[lane] : Scalar(refused);  // NaN: refused
          const Scalar capped = rise > Scalar(0) ? rise : Scalar(0);
          const Scalar probability = capped < Scalar(87) ? core::vector_exp(-capped) : Scalar(0);
          acceptance[lane] += probability;
          divergences[lane] += rise > Scalar(divergence_threshold) && !(change[lane] == Scalar(refused))
                                   ? Scalar(1)
                                   : Scalar(0);
          taken[lane] = log_uniform[lane] < -rise ? Scalar(1) : Scalar(0);
          energy[lane] = taken[lane] > Scalar(0) ? energy[lane] : old_energy[lane];
          stretch[lane] = taken[lane] > Scalar(0) ? stretch[lane] : old_stretch[lane];
        });
    core::for_each_lane(member, dimension_,
                        [=, taken = sums_, x = x_, gradient = gradient_, old_x = old_x_,
                         old_gradient = old_gradient_](int row, int lane) {
                          const int index = row * size + lane;
                          x[index] = taken[lane] > Scalar(0) ? x[index] : old_x[index];
                          gradient[index] = taken[lane] > Scalar(0) ? gradient[index] : old_gradient[index];
                        });
  }

  /// A rise of the energy that nothing accepts: e to the minus of it is no number of either precision.
  static constexpr double refused = 1e30;

  ChainTarget<Scalar> target_;
  int dimension_;
  // (D, tile_size) each
  Scalar *x_ = nullptr, *gradient_ = nullptr, *momentum_ = nullptr, *old_x_ = nullptr,
         *old_gradient_ = nullptr, *centre_ = nullptr, *free_ = nullptr, *ring_ = nullptr;
  // (tile_size) each
  Scalar *energy_ = nullptr, *stretch_ = nullptr, *old_energy_ = nullptr, *old_stretch_ = nullptr,
         *energy_weight_ = nullptr, *spring_ = nullptr, *step_sizes_ = nullptr, *trajectory_step_ = nullptr,
         *log_uniform_ = nullptr, *change_ = nullptr, *sums_ = nullptr, *acceptance_ = nullptr,
         *divergences_ = nullptr;
  std::int64_t* numbers_ = nullptr;
  typename Energy::Tile energy_tile_;  // after all others: its workspace comes last
};

}  // namespace detail

}  // namespace ebmpi::sampling
