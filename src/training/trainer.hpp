// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "core/fixed_point.hpp"
#include "data/training_data.hpp"
#include "objective/jet_gradient.hpp"
#include "optimizer/gradient_norm.hpp"
#include "training/checkpoint.hpp"
#include "training/metrics.hpp"
#include "training/negatives.hpp"
#include "training/settings.hpp"
#include "training/stop.hpp"

namespace ebmpi::training {

/// Trains one energy on all ranks. The numbers are a function of the config alone: not of the ranks, the
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
  /// Throws core::DivergenceError on every rank where a gradient is not finite; the parameters are then those
  /// of the step before.
  StopReason step(StopReason wish);
  /// Collective. The figures of the last step.
  Metrics measure();

  std::int64_t steps_done() const { return state_.step; }
  const data::TrainingData<Scalar>& data() const { return data_; }
  const network::Mlp<Scalar>& network() const { return network_; }
  double temperature() const { return negatives_.temperature(); }

private:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  void make_blocks();
  StopReason accumulate_gradient(std::int64_t step, StopReason wish);
  StopReason agree(StopReason wish);
  void clip();
  std::vector<double> local_chain_sums(std::int64_t shard) const;
  double validation_energy();
  CheckpointParts<Scalar> parts();

  const comm::Communicator& communicator_;
  comm::ShardMap shards_;
  config::RunConfig config_;
  data::TrainingData<Scalar> data_;
  network::Mlp<Scalar> network_;
  Buffer average_;  // (P), moving average of the parameters
  optimizer::Optimizer<Scalar> optimizer_;
  optimizer::Schedule schedule_;
  optimizer::GradientNorm<Scalar> norm_;
  Negatives<Scalar> negatives_;
  core::Rows<Scalar> samples_;         // (2 rows, D): the batch's data, then its chains
  core::Rows<Scalar> batch_, chains_;  // its two halves
  core::BatchSlots slots_;             // of the data
  Kokkos::View<objective::SampleBlock*, core::MemorySpace> blocks_;
  std::int64_t all_blocks_ = 0;        // over all ranks
  core::FixedPointSum sums_;           // gradient (P), loss terms
  Buffer gradient_;                    // (P)
  std::vector<std::int64_t> control_;  // peaks of the sums and the wish to stop, reduced together
  objective::ContrastiveLoss loss_;
  double gradient_norm_ = 0;
  RunState state_;
};

}  // namespace ebmpi::training
