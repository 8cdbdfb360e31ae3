// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "core/error.hpp"

namespace ebmpi::training {

/// What an existing run folder means.
enum class ResumeMode {
  automatic,  ///< go on from its newest valid checkpoint, else start
  never,      ///< start; refuse a folder that holds checkpoints
  from_file   ///< go on from the checkpoint named
};

struct RunOptions {
  ResumeMode resume = ResumeMode::automatic;
  std::string resume_file;
  std::optional<double> time_limit_seconds;
};

/// Trains as the config says, in its run folder: config.toml, metrics.csv, checkpoints. Collective. Returns
/// `done` or `stopped_early`; throws core::Error.
core::ExitCode run_training(const comm::Communicator& communicator, const config::RunConfig& config,
                            const RunOptions& options);

/// Opens the data, builds everything, and prints parameters, memory and work of a step (rank 0) without
/// training: `train --check`.
void check_training(const comm::Communicator& communicator, const config::RunConfig& config);

}  // namespace ebmpi::training
