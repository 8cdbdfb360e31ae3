// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "inference/checkpoint.hpp"
#include "inference/settings.hpp"

namespace ebmpi::inference {

/// All that a config asks for, made. Collective.
struct Setup {
  Setup(const comm::Communicator& communicator, const comm::ShardMap& shards, const config::RunConfig& config)
      : simulator(make_simulator(communicator, config)),
        coordinates(make_coordinates(config, *simulator)),
        start(start_of(config, coordinates, *simulator)),
        observations(load_observations(communicator, shards, config, *simulator, coordinates)),
        summary{observations.total, standardization_of(communicator, shards, observations)},
        ascent(communicator, shards, *simulator, coordinates, observations,
               make_settings(config, coordinates.size()), coordinates.u(start)) {}

  std::unique_ptr<simulation::Simulator> simulator;
  Coordinates coordinates;
  std::vector<double> start;  // (d), θ
  ShardedRows observations;
  ObservationSummary summary;
  LikelihoodAscent ascent;
};

}  // namespace ebmpi::inference
