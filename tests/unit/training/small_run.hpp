// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/derived.hpp"
#include "config/run_config.hpp"
#include "training/settings.hpp"
#include "training/trainer.hpp"

namespace ebmpi::test {

/// A run of the two moons that takes milliseconds, with every optional part of a step: clipping of both
/// gradients, jitter.
inline config::RunConfig small_config() {
  config::RunConfig config;
  config.run.steps = 100;
  config.run.log_every = 2;
  config.data.density = "two_moons";
  config.data.count = 600;
  config.data.jitter = 0.01;
  config.network.hidden = {9, 7};
  config.sampler.steps = 3;
  config.sampler.population = 100;
  config.sampler.gradient_clip = 5.0;
  config.optimizer.batch_size = 90;
  config.optimizer.gradient_clip = 1.0;
  config.parallel.shards = 3;
  return config;
}

/// A trainer on this rank alone, and what it refers to.
template <class Scalar>
class LoneTrainer {
public:
  explicit LoneTrainer(const config::RunConfig& config)
      : communicator_(MPI_COMM_SELF),
        trainer_(communicator_, comm::ShardMap(config::resolved_shards(config), 1, 0), config,
                 *training::open_source(communicator_, config)) {}

  training::Trainer<Scalar>& operator*() { return trainer_; }
  training::Trainer<Scalar>* operator->() { return &trainer_; }

private:
  comm::Communicator communicator_;
  training::Trainer<Scalar> trainer_;
};

}  // namespace ebmpi::test
