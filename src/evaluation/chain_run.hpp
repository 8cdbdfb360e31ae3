// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "sampling/chain_box.hpp"
#include "sampling/moves.hpp"
#include "sampling/tempering.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// How chains move.
enum class MoveKind {
  langevin,    ///< unadjusted, with a bias of the order of the step; the only one for a score network
  mala,        ///< Langevin's proposal with a Metropolis test
  metropolis,  ///< random walk
  hmc          ///< Hamiltonian trajectories
};

/// The name of moves with a Metropolis test in sampling/; Langevin's have none, and are MALA's proposal.
sampling::Moves tested_moves(MoveKind moves);

/// Chains in a trained energy.
struct ChainSettings {
  MoveKind moves = MoveKind::langevin;
  /// In model space: η of Langevin and MALA; the deviation of a random walk's step; the leapfrog step of a
  /// trajectory. > 0.
  double step_size = 0.01;
  int leapfrogs = 10;          ///< of a trajectory
  double temperature = 1.0;    ///< T of exp(-E/T)
  double gradient_clip = 0.0;  ///< bound on ‖∇E‖ of Langevin's steps; 0 is none
  double box = -1.0;  ///< chains stay in the range of the training data, widened at each end by this share of
                      ///< it; < 0: they go where they will
  std::uint64_t seed = 1;  ///< chooses all random numbers, with the chain's number
  /// Temperatures above `temperature` on which replicas of each chain help it over barriers (parallel
  /// tempering), rising; none: no replicas.
  std::vector<double> hotter = {};
  std::int64_t exchange_every = 5;  ///< transitions between exchanges of temperatures

  int replicas() const { return static_cast<int>(hotter.size()) + 1; }
};

/// Transitions for which the noise of a chain runs on; then a new segment of it begins. Chains that stop at
/// the end of a segment can go on as if they had not stopped.
inline constexpr std::int64_t segment_steps = 100;

/// What, beside the positions, makes chains go on as if they had not stopped.
struct ChainProgress {
  std::int64_t segments = 0;         ///< of noise, used up
  std::int64_t exchanges = 0;        ///< rounds of them
  std::vector<double> lengths;       ///< (replicas), step of a transition at each temperature
  std::vector<std::int64_t> levels;  ///< (chains · replicas), the place of each replica on the ladder
};

/// What a rank records of its chains, one state of each.
template <class Scalar>
struct ChainStates {
  comm::IndexRange chains;                ///< their numbers
  std::vector<Scalar> model_x;            ///< (rows, K)
  std::vector<Scalar> x;                  ///< (rows, D), in data units
  std::vector<Scalar> energy;             ///< (rows); of a score network 0
  std::vector<Scalar> acceptance;         ///< (rows), mean probability since the states before; Langevin: 1
  std::vector<std::int64_t> divergences;  ///< (rows), trajectories since then that ran away
};

/// Chains that sample a model at a temperature, shared by all ranks. Chain i is a pure function of its start,
/// the settings and i, except that warm-up tunes the step of all together. All members are collective.
template <class Scalar>
class ChainRun {
public:
  /// `chains`: how many. Throws core::InputError where the model is a score and the moves need an energy.
  ChainRun(const comm::Communicator& communicator, const training::Model<Scalar>& model,
           const ChainSettings& settings, std::int64_t chains);

  /// The numbers of this rank's replicas, of which each chain has settings.replicas(), one after another.
  comm::IndexRange own_replicas() const { return replicas_; }

  /// From the noise distribution that training used: normal, with the mean and standard deviation of the
  /// training data.
  void start_from_noise();
  /// Replica i from row i mod C of a data set (C, K) in model space. Throws core::FileError.
  void start_from_file(const std::string& file, const std::string& data_set);
  /// From `positions` of all replicas, (chains · replicas, K), the same on every rank.
  void start_from_positions(const std::vector<Scalar>& positions);
  /// Goes on with what `progress()` was when the positions were these, (own replicas, K).
  void go_on(const ChainProgress& progress);
  ChainProgress progress() const;
  /// (own replicas, K), where all replicas are.
  std::vector<Scalar> positions() const;

  /// Langevin's steps down noise levels, `steps` at each, of η (σ/σ_last)² (annealed Langevin, Song and Ermon
  /// 2019, arXiv 1907.05600).
  void anneal(const std::vector<double>& sigmas, std::int64_t steps);
  /// Transitions in which the step is tuned to `target` acceptance, at each temperature by itself, from the
  /// mean over all chains.
  void warm_up(std::int64_t steps, double target);
  void advance(std::int64_t steps);

  /// Where the chains are. Throws core::DivergenceError where one left the range of numbers.
  ChainStates<Scalar> states();

  /// The step size in use, at each temperature.
  std::vector<double> step_sizes() const;
  /// Of the exchanges between neighbouring temperatures, the share that was accepted.
  std::vector<double> exchange_rates() const;

private:
  bool is_tempered() const { return settings_.replicas() > 1; }
  double temperature_of(int level) const { return ladder_.temperatures()[static_cast<std::size_t>(level)]; }
  void run_langevin(const network::CombinedEnergy<Scalar>& energy, double step_size, std::int64_t steps);
  void run_transitions(std::int64_t steps);
  void exchange();
  void place(const std::vector<Scalar>& own);
  void upload_levels();
  void refresh();
  std::vector<double> mean_acceptance(const std::vector<std::int64_t>& levels) const;
  void check_finite(const std::vector<Scalar>& x) const;

  const comm::Communicator& communicator_;
  const training::Model<Scalar>& model_;
  ChainSettings settings_;
  sampling::TemperatureLadder ladder_;
  std::int64_t chains_;
  comm::IndexRange replicas_;
  sampling::ChainState<Scalar> state_;
  sampling::ChainTarget<Scalar> target_;
  sampling::ChainTally<Scalar> tally_;
  Kokkos::View<Scalar*, core::MemorySpace> weights_, step_lengths_;  // (own replicas)
  sampling::ChainBox<Scalar> box_;
  std::vector<double> lengths_;       // (replicas of a chain)
  std::vector<std::int64_t> levels_;  // of all replicas, on every rank
  std::vector<std::int64_t> tried_, accepted_;
  std::int64_t segments_ = 0, rounds_ = 0, transitions_ = 0;  // the last since the states before
  bool is_fresh_ = false;                                     // whether energy and gradient are those of x
};

}  // namespace ebmpi::evaluation
