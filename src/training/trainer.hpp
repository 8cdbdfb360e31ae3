// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "core/fixed_point.hpp"
#include "data/training_data.hpp"
#include "objective/objective.hpp"
#include "optimizer/gradient_norm.hpp"
#include "optimizer/spectral_norm.hpp"
#include "optimizer/weight_regularizer.hpp"
#include "training/batch.hpp"
#include "training/checkpoint.hpp"
#include "training/contrast_noise.hpp"
#include "training/gradient_reduction.hpp"
#include "training/metrics.hpp"
#include "training/negatives.hpp"
#include "training/phase_clock.hpp"
#include "training/settings.hpp"
#include "training/stop.hpp"
#include "training/validation.hpp"

namespace ebmpi::training {

/// Trains one network on all ranks. The numbers are a function of the config alone: not of the ranks, the
/// threads, or where the run was stopped and resumed.
template <class Scalar>
class Trainer {
public:
  /// Collective. The first state: initial parameters, chains from noise, step 0.
  Trainer(const comm::Communicator& communicator, const comm::ShardMap& shards,
          const config::RunConfig& config, const data::SampleSource& source);

  /// Collective. Goes on from a checkpoint, written on any number of ranks.
  void resume(const std::string& checkpoint);
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
  const network::Mlp<Scalar>& network() const { return network_; }
  double temperature() const;
  /// What this rank spent its time on since it was constructed.
  const PhaseClock& clock() const { return clock_; }
  /// Seconds that this rank's steps have waited for data since the program began; part of the phase `input`.
  double seconds_waited_for_data() const { return data_.seconds_waited(); }

private:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  StopReason draw_batch(std::int64_t step, StopReason wish);
  void advance_chains(std::int64_t step);
  StopReason accumulate_gradient(std::int64_t step, StopReason wish);
  void add_gradient(const objective::JetBatch<Scalar>& batch);
  StopReason agree(StopReason wish);
  void update(std::int64_t step);
  bool may_be_logged(std::int64_t step) const;
  void clip();
  network::MlpEnergy<Scalar> energy_of(const network::Mlp<Scalar>& network) const;
  CheckpointParts<Scalar> parts();

  const comm::Communicator& communicator_;
  comm::ShardMap shards_;
  config::RunConfig config_;
  data::TrainingData<Scalar> data_;
  network::Mlp<Scalar> network_;
  network::Mlp<Scalar> average_;  // whose parameters are the moving average
  std::unique_ptr<objective::Objective<Scalar>> objective_;
  optimizer::Optimizer<Scalar> optimizer_;
  optimizer::WeightRegularizer<Scalar> regularizer_;
  std::optional<optimizer::SpectralNorm<Scalar>> spectral_norm_;
  optimizer::Schedule schedule_;
  optimizer::GradientNorm<Scalar> norm_;
  std::optional<Negatives<Scalar>> chains_;
  std::optional<ContrastNoise<Scalar>> noise_;
  Batch<Scalar> batch_;
  core::BatchSlots slots_;             // of the data
  std::exception_ptr data_error_;      // of this rank
  core::FixedPointSum sums_;           // gradient (P), loss terms
  GradientReduction reduction_;        // of them
  Buffer gradient_;                    // (P)
  std::vector<std::int64_t> control_;  // peaks of the sums and the wish to stop, reduced together
  std::unique_ptr<objective::Objective<Scalar>> validation_objective_;  // null where there is none
  std::optional<Validation<Scalar>> held_out_;
  std::vector<double> loss_terms_;  // (terms), sums over the last batch
  double gradient_norm_ = 0;
  PhaseClock clock_;
  RunState state_;
};

}  // namespace ebmpi::training
