// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/flow.hpp"
#include "objective/flow_gradient.hpp"
#include "training/energy_figures.hpp"
#include "training/learner.hpp"

namespace ebmpi::training {

/// The flow of a run in training: against an energy, or by maximum likelihood alone.
template <class Scalar>
class FlowLearner {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  /// The first state: a flow that gives the data of each column mean 0 and variance 1.
  FlowLearner(const comm::Communicator& communicator, const config::RunConfig& config,
              const data::TrainingData<Scalar>& data, PhaseClock& clock);

  const network::Flow<Scalar>& flow() const { return flow_; }
  const network::Flow<Scalar>& average() const { return average_; }
  Learner<Scalar>& learner() { return learner_; }

  /// Fills x (N, D) with the flow's samples number `first_number` and on of `step`, and log_density (N) with
  /// log q of them.
  void draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
            const Buffer& log_density) const;
  /// log_density (N) = log q(x) at x (N, D).
  void log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const;

  /// Collective. As Learner::accumulate, of what the flow descends; `all_blocks` are those of all ranks.
  std::optional<StopReason> accumulate(const objective::JetBatch<Scalar>& batch, std::int64_t all_blocks,
                                       const objective::Rival<Scalar>* rival, StopReason wish);
  /// Update number `number` (from 1), after `accumulate`, with the schedule's `rate` as a share of its base.
  void update(std::int64_t number, double rate, NormWish wish);

  /// Collective. Mean log q over held-out rows of the flow, or of its moving average; NaN where there is
  /// none.
  double held_out_likelihood(const comm::Communicator& communicator, const comm::ShardMap& shards,
                             const core::Rows<Scalar>& rows, const std::vector<ShardRows>& shard_rows,
                             const network::Flow<Scalar>& flow) const;

private:
  std::int64_t batch_size_;
  double learning_rate_;
  network::Flow<Scalar> flow_;
  network::Flow<Scalar> average_;  // whose parameters are the moving average
  Learner<Scalar> learner_;
  core::PhiloxKey key_;
};

}  // namespace ebmpi::training
