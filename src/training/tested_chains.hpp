// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "network/mlp_energy.hpp"
#include "sampling/chain_box.hpp"
#include "sampling/chain_tile.hpp"
#include "sampling/dual_averaging.hpp"
#include "sampling/ladder.hpp"
#include "sampling/moves.hpp"

namespace ebmpi::training {

/// How the chains of a step move under a Metropolis test: MALA, random walks or Hamiltonian trajectories,
/// alone or as replicas on ladders of temperatures (parallel tempering).
template <class Scalar>
class TestedChains {
public:
  using Numbers = Kokkos::View<std::int64_t*, core::MemorySpace>;
  using Energy = network::MlpEnergy<Scalar>;
  using Search = sampling::DualAveraging;

  /// `slots`: those of this rank's chains in the batch, one for each row; needed only by ladders.
  TestedChains(const config::RunConfig& config, std::int64_t rows, int dimension,
               sampling::ChainBox<Scalar> box, core::BatchSlots slots);

  /// Moves the replicas `x` (rows · R, D), which have the global `numbers` (rows · R), and on ladders the
  /// `levels` (rows · R), by the transitions of `step`. Those outside the box are first put on its border.
  void advance(std::int64_t step, const Energy& energy, const core::Rows<Scalar>& x, const Numbers& numbers,
               const Numbers& levels);
  /// Collective. In the steps in which the step size is tuned, takes in the acceptance of the last `advance`.
  void adapt(const comm::Communicator& communicator, std::int64_t step);

  const Kokkos::View<Scalar*, core::MemorySpace>& energy() const { return energy_; }  // (rows · R), E(x)
  const core::Rows<Scalar>& gradient() const { return gradient_; }  // (rows · R, D), ∇E(x)
  int replicas() const { return levels_.count; }

  /// Mean acceptance of the last `advance` at the coldest temperature. Collective; the same bits on any
  /// number of ranks.
  double acceptance(const comm::Communicator& communicator) const;
  /// Share of the last `advance`'s exchanges that were accepted. Collective; exact.
  double exchange_rate(const comm::Communicator& communicator) const;
  /// To be taken next, at the coldest temperature, in the units of the config.
  double step_size() const;

  bool is_adaptive() const { return adapt_steps_ > 0; }
  /// Length of a transition and its search at each level, which a checkpoint keeps of adaptive chains.
  std::vector<double> lengths() const;
  const std::vector<Search>& searches() const { return searches_; }
  void restore(const std::vector<double>& lengths, const std::vector<Search::State>& searches);

private:
  using Levels = std::array<double, sampling::most_levels>;

  std::int64_t launches() const;
  void clear() const;
  Levels mean_acceptance(const comm::Communicator& communicator, int count) const;

  sampling::Moves moves_;
  sampling::TransitionSettings settings_;
  int steps_, steps_of_launch_;
  double temperature_;
  std::int64_t batch_size_, adapt_steps_;
  sampling::LadderLevels levels_;
  sampling::TransitionKeys keys_;
  core::PhiloxKey exchange_key_;
  core::Rows<Scalar> gradient_;                      // (rows · R, D)
  Kokkos::View<Scalar*, core::MemorySpace> energy_;  // (rows · R)
  sampling::ChainTarget<Scalar> target_;
  sampling::LadderRows<Scalar> ladders_;  // of one replica each: only `acceptance`
  std::vector<Search> searches_;          // (K)
};

}  // namespace ebmpi::training
