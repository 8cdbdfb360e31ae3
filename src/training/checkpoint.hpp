// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "training/contrast_noise.hpp"
#include "training/energy_learner.hpp"
#include "training/flow_learner.hpp"
#include "training/negatives.hpp"

namespace ebmpi::training {

/// The values of the objective on held-out data.
struct ValidationState {
  double loss = std::numeric_limits<double>::quiet_NaN();      ///< the last one; NaN before the first
  double best_loss = std::numeric_limits<double>::infinity();  ///< the lowest one
  std::int64_t best_step = 0;                                  ///< of the lowest one
  std::int64_t without_improvement = 0;                        ///< validations since then
};

/// Everything that changes during a run and that the next step depends on. Random numbers have no state, and
/// the place in the data follows from the step.
struct RunState {
  std::int64_t step = 0;  ///< updates made
  double seconds = 0;     ///< spent in steps, over all restarts
  ValidationState validation;
  std::int64_t energy_updates = 0;  ///< of the network
  std::int64_t flow_updates = 0;
  std::int64_t flow_streak = 0;  ///< of these the last ones, without one of the network between
  double accuracy = 0;           ///< of the energy that plays against a flow, in the last step
};

/// What a checkpoint is written from and read into; src/io/README.md has the format.
template <class Scalar>
struct CheckpointParts {
  EnergyLearner<Scalar>* energy;       // null where a flow is the model
  FlowLearner<Scalar>* flow;           // null without a flow
  const ContrastNoise<Scalar>* noise;  // null without one
  const comm::ShardMap& shards;
  Negatives<Scalar>* negatives;  // null without chains
  const data::TrainingData<Scalar>& data;
};

/// Collective. The file appears complete under its name or not at all.
template <class Scalar>
void write_checkpoint(const comm::Communicator& communicator, const std::string& path,
                      const config::RunConfig& config, const RunState& state,
                      const CheckpointParts<Scalar>& parts);

/// Collective. Fills `parts` from a checkpoint of a run with the same config, written on any number of ranks.
/// Throws core::InputError where the data are not those that the run began with.
template <class Scalar>
RunState read_checkpoint(const comm::Communicator& communicator, const std::string& path,
                         const CheckpointParts<Scalar>& parts);

/// The config inside a checkpoint. Collective.
config::RunConfig checkpoint_config(const comm::Communicator& communicator, const std::string& path);

}  // namespace ebmpi::training
