// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "config/run_config.hpp"
#include "network/mlp.hpp"
#include "objective/objective.hpp"
#include "training/learner.hpp"

namespace ebmpi::training {

/// The network of a run in training: an energy, or a score.
template <class Scalar>
class EnergyLearner {
public:
  /// The first state, for samples with `dimension` coordinates.
  EnergyLearner(const comm::Communicator& communicator, const config::RunConfig& config, int dimension,
                PhaseClock& clock);

  const network::Mlp<Scalar>& network() const { return network_; }
  const network::Mlp<Scalar>& average() const { return average_; }
  const objective::Objective<Scalar>& objective() const { return *objective_; }
  Learner<Scalar>& learner() { return learner_; }

  /// Collective. As Learner::accumulate, of the objective; `all_blocks` are those of all ranks.
  std::optional<StopReason> accumulate(const objective::JetBatch<Scalar>& batch, std::int64_t all_blocks,
                                       StopReason wish);
  /// Update number `number` (from 1), after `accumulate`.
  void update(std::int64_t number, double learning_rate, NormWish wish);

private:
  std::int64_t batch_size_;
  network::Mlp<Scalar> network_;
  network::Mlp<Scalar> average_;  // whose parameters are the moving average
  std::unique_ptr<objective::Objective<Scalar>> objective_;
  Learner<Scalar> learner_;
};

}  // namespace ebmpi::training
