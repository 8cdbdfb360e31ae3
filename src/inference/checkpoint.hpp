// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "inference/estimate.hpp"
#include "inference/features.hpp"
#include "inference/likelihood_ascent.hpp"

namespace ebmpi::inference {

/// What tells one set of observations from another.
struct ObservationSummary {
  std::int64_t rows = 0;
  Standardization moments;
};

/// Collective. The file appears complete under its name or not at all; src/io/README.md has the format.
void write_checkpoint(const comm::Communicator& communicator, const std::string& path,
                      const config::RunConfig& config, const LikelihoodAscent& ascent,
                      const ObservationSummary& observations);

/// Collective. Fills `ascent` from a checkpoint of a run with the same config, written on any number of
/// ranks. Throws core::InputError where the observations are not those that the run began with.
void read_checkpoint(const comm::Communicator& communicator, const std::string& path,
                     LikelihoodAscent& ascent, const ObservationSummary& observations);

/// The config inside a checkpoint. Collective.
config::RunConfig checkpoint_config(const comm::Communicator& communicator, const std::string& path);

/// results.h5 of a run. Collective.
void write_results(const comm::Communicator& communicator, const std::string& path, const Estimate& estimate,
                   const Coordinates& coordinates, const Trace& trace);

}  // namespace ebmpi::inference
