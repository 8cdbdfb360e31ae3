// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "network/combined_energy.hpp"
#include "sampling/chain_state.hpp"
#include "sampling/chain_tile.hpp"
#include "sampling/dual_averaging.hpp"

namespace ebmpi::evaluation {

/// How the chains of rows move: trajectories (HMC), or with one leapfrog MALA.
struct RowMoves {
  int leapfrogs = 10;       ///< >= 1
  std::uint64_t seed = 1;   ///< chooses all random numbers, with the number of the row
  double step_size = 0.25;  ///< leapfrog step that warm-up starts from; > 0
};

/// One chain for each of some rows, each with a target of its own: it tunes its step from its own acceptance,
/// so that a row's chain is a pure function of the row, its number and the moves, in whatever company.
template <class Scalar>
class RowChains {
public:
  /// `x` (N, D) are the starts, and from then on where the chains are. Row i has the number `first` + i. The
  /// target must not have energy weights of each chain.
  RowChains(const network::CombinedEnergy<Scalar>& energy, const sampling::ChainTarget<Scalar>& target,
            const RowMoves& moves, std::int64_t first, const core::Rows<Scalar>& x);

  /// Transitions in which the steps are tuned, by dual averaging.
  void warm_up(std::int64_t steps);
  void advance(std::int64_t steps);
  /// From here on the target is exp(-U/t): of a smaller t the chains take shorter steps. t > 0.
  void set_temperature(double temperature);

  const core::Rows<Scalar>& x() const { return state_.x; }  // (N, D)
  std::vector<Scalar> energies() const;                     ///< (N), E(x)
  /// (N), mean probability of acceptance since the warm-up, or 1 before any transition.
  std::vector<double> acceptance() const;

private:
  void run(std::int64_t transitions);
  void upload_lengths();

  network::CombinedEnergy<Scalar> energy_;
  sampling::ChainTarget<Scalar> target_;
  RowMoves moves_;
  double energy_weight_, spring_;  // of temperature 1
  sampling::ChainState<Scalar> state_;
  sampling::ChainTally<Scalar> tally_;
  std::vector<double> lengths_;  // (N), steps at temperature 1
  Kokkos::View<Scalar*, core::MemorySpace> device_lengths_;
  double temperature_ = 1.0;
  std::int64_t launches_ = 0, transitions_ = 0;  // the latter since the warm-up
};

}  // namespace ebmpi::evaluation
