// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "core/error.hpp"
#include "inference/estimate.hpp"
#include "simulation/simulator.hpp"
#include "training/run_start.hpp"

namespace ebmpi::inference {

/// What is printed while it runs.
enum class Talk { progress, nothing };

struct Outcome {
  core::ExitCode code = core::ExitCode::done;  ///< or stopped_early
  std::optional<Estimate> estimate;            ///< of a run that is done
  std::int64_t steps = 0;
  double explained = 0;     ///< share of the proposals' variance that the data tell, in the last step
  simulation::Tally tally;  ///< of this process, over all ranks
  double seconds = 0;       ///< in steps, over all restarts
};

/// Infers as the config says, in its run folder: config.toml, metrics.csv, checkpoints, and at the end
/// results.h5. Collective; throws core::Error.
Outcome run_inference(const comm::Communicator& communicator, const config::RunConfig& config,
                      const training::RunOptions& options, Talk talk = Talk::progress);

/// Makes everything, and prints parameters, data, features and work of a step (rank 0) without a step:
/// `infer --check`. Collective.
void check_inference(const comm::Communicator& communicator, const config::RunConfig& config);

/// Writes `count` rows of the config's simulator at θ, `theta` or, where it is empty, the start, to the HDF5
/// file `path` as /x, with /theta. Collective.
void write_simulations(const comm::Communicator& communicator, const config::RunConfig& config,
                       std::vector<double> theta, std::int64_t count, std::uint64_t seed,
                       const std::string& path);

}  // namespace ebmpi::inference
