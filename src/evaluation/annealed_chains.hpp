// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "network/energy_model.hpp"
#include "sampling/annealing.hpp"

namespace ebmpi::evaluation {

/// A frozen path of distributions exp(-U_β), U_β(u) = β a E(u) + (1 - β) ½‖u‖², with a step size at each.
struct AnnealingSchedule {
  std::vector<double> betas;       ///< (S + 1), 0 to 1
  std::vector<double> step_sizes;  ///< (S + 1), in u

  std::int64_t stages() const { return static_cast<std::int64_t>(betas.size()) - 1; }
};

/// What chains on such a path have in common.
struct AnnealingMoves {
  double energy_weight = 1.0;  ///< a, 1/T
  int leapfrogs = 5;           ///< of a trajectory
  std::uint64_t seed = 1;      ///< with a chain's number and the step it decides all random numbers
};

/// Where on a path chains go next.
enum class Direction { to_energy, to_base };

/// Chains between a standard normal distribution and an energy, shared by all ranks in whole tiles. Chain i
/// is a pure function of its start, the moves, i and the steps that name the launches, so that the ranks
/// change no bit. Launches that are to be independent need steps of their own. All members are collective.
template <class Scalar>
class AnnealedChains {
public:
  /// `energy` of u (K) is kept.
  AnnealedChains(const comm::Communicator& communicator, network::EnergyModel<Scalar> energy,
                 const AnnealingMoves& moves, std::int64_t chains);

  std::int64_t chains() const { return chains_; }
  std::int64_t dimension() const { return energy_.dimension(); }  ///< K

  /// Standard normal, drawn from the stream for starts at `step`.
  void start_from_base(std::uint32_t step);
  /// `u` (chains, K), the same on every rank.
  void start_from(std::span<const double> u);

  /// Transitions at one β; returns the mean acceptance probability over all chains.
  double transitions(double beta, double step_size, int count, std::uint32_t step);

  /// Along the whole path, a transition at each stage; returns the log weights (chains), on every rank.
  /// Uses up one step for every launch_stages stages.
  std::vector<double> anneal(const AnnealingSchedule& schedule, Direction direction,
                             std::uint32_t first_step);

  /// On every rank: u (chains, K), and a E(u) (chains).
  std::vector<double> positions() const;
  std::vector<double> energies() const;

private:
  void refresh();

  const comm::Communicator& communicator_;
  network::EnergyModel<Scalar> energy_;
  AnnealingMoves moves_;
  std::int64_t chains_;
  comm::IndexRange own_;
  sampling::ChainState<Scalar> state_;
  sampling::ChainTally<Scalar> tally_;
};

/// Stages that go by in one launch.
inline constexpr int launch_stages = 50;

}  // namespace ebmpi::evaluation
