// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "optimizer/schedule.hpp"
#include "training/batch.hpp"
#include "training/broad_noise.hpp"
#include "training/checkpoint.hpp"
#include "training/contrast_noise.hpp"
#include "training/energy_learner.hpp"
#include "training/flow_learner.hpp"
#include "training/metrics.hpp"
#include "training/negatives.hpp"
#include "training/phase_clock.hpp"
#include "training/settings.hpp"
#include "training/stop.hpp"
#include "training/validation.hpp"

namespace ebmpi::training {

/// Trains a network, a flow, or both against each other, on all ranks. The numbers are a function of the
/// config alone: not of the ranks, the threads, or where the run was stopped and resumed.
template <class Scalar>
class Trainer {
public:
  /// Collective. The first state: initial parameters, chains from noise, step 0; with a `checkpoint`, which
  /// any number of ranks may have written, the state that it holds.
  Trainer(const comm::Communicator& communicator, const comm::ShardMap& shards,
          const config::RunConfig& config, const data::SampleSource& source,
          const std::string& checkpoint = {});

  /// Collective. Writes the state to `path`. Throws core::DivergenceError in place of writing parameters that
  /// are not finite.
  void save(const std::string& path);

  /// Collective. One parameter update. `wish` is this rank's wish to stop; returns what all ranks agree on.
  /// Throws core::DivergenceError on every rank where a gradient is not finite, core::FileError or InputError
  /// where a rank can no longer read its data; the parameters are then those of the step before.
  StopReason step(StopReason wish);
  /// Collective. The objective of the averaged parameters on held-out data; true where it is the best so far.
  bool validate();
  /// Collective. The figures of the last step.
  Metrics measure();
  /// Metrics of the form that `measure` gives, without their values.
  Metrics form() const;

  std::int64_t steps_done() const { return state_.step; }
  const ValidationState& validation() const { return state_.validation; }
  const data::TrainingData<Scalar>& data() const { return data_; }
  std::int64_t parameters() const;  ///< of the network and the flow
  double temperature() const;
  /// What this rank spent its time on since it was constructed.
  const PhaseClock& clock() const { return clock_; }
  /// Seconds that this rank's steps have waited for data since the program began; part of the phase `input`.
  double seconds_waited_for_data() const { return data_.seconds_waited(); }

private:
  /// Whose turn a step is.
  enum class Turn { energy, flow };

  StopReason draw_batch(std::int64_t step, Turn turn, StopReason wish);
  void draw_flow_samples(std::int64_t step);
  void advance_chains(std::int64_t step);
  Turn turn() const;
  bool is_likelihood_step() const;
  StopReason accumulate_gradient(std::int64_t step, Turn turn, StopReason wish);
  void update(std::int64_t step, Turn turn);
  NormWish norm_wish(std::int64_t step) const;
  objective::LossReport report(Turn turn, double rows) const;
  double held_out_loss();
  void measure_held_out(Metrics& metrics);
  CheckpointParts<Scalar> parts();

  const comm::Communicator& communicator_;
  comm::ShardMap shards_;
  config::RunConfig config_;
  data::TrainingData<Scalar> data_;
  PhaseClock clock_;
  std::unique_ptr<EnergyLearner<Scalar>> energy_;  // null where a flow is the model
  std::unique_ptr<FlowLearner<Scalar>> flow_;      // null without a flow
  optimizer::Schedule schedule_;
  std::optional<Negatives<Scalar>> chains_;
  std::optional<ContrastNoise<Scalar>> noise_;
  std::optional<BroadNoise<Scalar>> background_;  // beside the flow's samples
  Batch<Scalar> batch_;
  core::BatchSlots slots_;                                              // of the data
  std::exception_ptr data_error_;                                       // of this rank
  std::unique_ptr<objective::Objective<Scalar>> validation_objective_;  // null where there is none
  std::optional<Validation<Scalar>> held_out_;
  Turn last_turn_ = Turn::energy;
  RunState state_;
};

}  // namespace ebmpi::training
