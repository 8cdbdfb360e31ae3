// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/random.hpp"
#include "inference/ascent.hpp"
#include "inference/coordinates.hpp"
#include "inference/features.hpp"
#include "inference/score_fit.hpp"
#include "inference/score_network.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::inference {

using config::WidthRule;

struct Settings {
  std::uint64_t seed = 1;
  std::int64_t simulations = 1000;  ///< of a step, over all ranks
  FeatureKind features = FeatureKind::quadratic;
  double ridge = 1e-3;
  std::vector<double> width;  ///< (d), σ in the coordinates u
  WidthRule width_rule = WidthRule::fixed;
  std::vector<double> final_width;   ///< (d), annealed: that of the last of annealed_steps
  std::int64_t annealed_steps = 0;   ///< annealed
  std::vector<double> pilot_widths;  ///< pilot: multiples of width
  AscentSettings ascent;
  NetworkSettings network;  ///< neural
};

/// What each step has found, of which the estimate is made: T rows.
struct Trace {
  std::vector<double> u;            // (T, d), after the step
  std::vector<double> smoothed;     // (T, d (d + 1) / 2), E[S Sᵀ], packed, in the coordinates u
  std::vector<double> information;  // (T, d (d + 1) / 2), the same, deconvolved
};

/// Everything that changes from step to step, and that the next one depends on.
struct State {
  std::int64_t step = 0;  ///< steps made
  double seconds = 0;     ///< spent in steps, over all restarts
  double factor = 1.0;    ///< on the width, which the pilot found
  std::vector<double> u;  ///< (d)
  AscentMoments moments;
  Trace trace;
};

/// One step, for people.
struct StepReport {
  double score_norm = 0;  ///< ‖mean score at the observations‖ in the coordinates u, smoothed
  double explained = 0;   ///< share of the proposals' variance that the features explain
  double width = 0;       ///< geometric mean over the parameters
  double learning_rate = 0;
};

/// Maximum likelihood by Fisher score matching (README.md). The numbers are a function of the settings, the
/// observations and the number of shards alone.
class LikelihoodAscent {
public:
  /// Collective. `start` (d) is in the coordinates u. Throws core::InputError where there are too few
  /// simulations for the features, or observations of another length than the simulator's rows.
  LikelihoodAscent(const comm::Communicator& communicator, const comm::ShardMap& shards,
                   simulation::Simulator& simulator, const Coordinates& coordinates,
                   const ShardedRows& observations, const Settings& settings, std::span<const double> start);

  /// Before the first step, chooses among the pilot's widths; nothing with other rules. Collective.
  void run_pilot();
  /// One step. Collective; throws core::DivergenceError where the parameters or the fit leave all bounds,
  /// core::InputError where a simulation is not finite.
  StepReport step();

  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }
  /// nullptr without neural features; part of a checkpoint beside the state.
  ScoreNetwork* network() const { return network_.get(); }
  void add_seconds(double seconds) { state_.seconds += seconds; }
  const Coordinates& coordinates() const { return coordinates_; }
  std::size_t parameters() const { return coordinates_.size(); }
  std::size_t features() const;
  /// σ (d) of a step.
  std::vector<double> width(std::int64_t step) const;

private:
  /// Proposals in units of the width, ξ (n, d), and what was simulated at them (n, D): this rank's.
  struct Simulations {
    ShardedRows proposals, data;
  };
  /// The score at the observations and what it was fitted to.
  struct Fit {
    ScoreFit score;
    std::vector<double> at_observations;  // (d), mean
  };

  Simulations simulate(std::uint32_t number, std::span<const double> width);
  void draw_proposals(std::uint32_t number, ShardedRows& proposals) const;
  FitSums sum_rows(const Simulations& simulations, const Features& features, comm::IndexRange part) const;
  Fit fit_to(const Simulations& simulations);
  void require_sane(std::span<const double> values) const;

  const comm::Communicator& communicator_;
  comm::ShardMap shards_;
  simulation::Simulator& simulator_;
  Coordinates coordinates_;
  const ShardedRows& observations_;
  Settings settings_;
  core::PhiloxKey proposal_key_, simulation_key_;
  std::unique_ptr<ScoreNetwork> network_;
  State state_;
};

/// Fewest simulations that a fit of F features to d parameters is made of: more would be fitted to noise.
std::int64_t fewest_simulations(std::int64_t features, std::int64_t parameters);

/// Rows that a simulator makes at the parameters θ (d), of the numbers that this rank owns; collective.
/// Throws core::InputError where one is not finite.
ShardedRows simulate_at(const comm::Communicator& communicator, const comm::ShardMap& shards,
                        simulation::Simulator& simulator, std::span<const double> theta, std::int64_t count,
                        std::uint64_t seed);

}  // namespace ebmpi::inference
