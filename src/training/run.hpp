// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "core/error.hpp"
#include "training/run_start.hpp"

namespace ebmpi::training {

/// Trains as the config says, in its run folder: config.toml, metrics.csv, checkpoints. Collective. Returns
/// `done` or `stopped_early`; throws core::Error.
core::ExitCode run_training(const comm::Communicator& communicator, const config::RunConfig& config,
                            const RunOptions& options);

/// Opens the data, builds everything, and prints parameters, memory and work of a step (rank 0) without
/// training: `train --check`.
void check_training(const comm::Communicator& communicator, const config::RunConfig& config);

}  // namespace ebmpi::training
