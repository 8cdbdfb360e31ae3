// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "sampling/chain_tile.hpp"

namespace ebmpi::sampling {

/// The named ways of chains with a Metropolis test.
enum class Moves {
  mala,        ///< Langevin's step as proposal
  metropolis,  ///< random walk
  hmc          ///< Hamiltonian trajectories
};

/// Trajectories' steps vary by this share of their length, lest they close upon themselves.
inline constexpr double trajectory_jitter = 0.2;

inline TransitionSettings transition_settings(Moves moves, int leapfrogs) {
  switch (moves) {
    case Moves::metropolis:
      return {Proposal::random_walk, 1, 0.0};
    case Moves::hmc:
      return {Proposal::trajectory, leapfrogs, trajectory_jitter};
    case Moves::mala:
      break;
  }
  return {Proposal::trajectory, 1, 0.0};
}

/// What a step size is in the units of sampling/transitions.hpp: MALA's is η of -η∇E + √(2ηT)ξ, which is a
/// leapfrog of ε = √(2ηT); those of the others are lengths themselves.
inline double length_of(double step_size, Moves moves, double temperature) {
  return moves == Moves::mala ? std::sqrt(2.0 * step_size * temperature) : step_size;
}

/// The inverse of `length_of`.
inline double step_size_of(double length, Moves moves, double temperature) {
  return moves == Moves::mala ? length * length / (2.0 * temperature) : length;
}

/// The acceptance that makes the moves most efficient: Roberts and Rosenthal 2001, doi:10.1214/ss/1015346320;
/// Beskos et al. 2013, arXiv 1001.4460.
inline double best_acceptance(Moves moves, std::int64_t dimension) {
  switch (moves) {
    case Moves::metropolis:
      return 0.234 + (0.44 - 0.234) / static_cast<double>(dimension);
    case Moves::hmc:
      return 0.8;
    case Moves::mala:
      break;
  }
  return 0.574;
}

}  // namespace ebmpi::sampling
