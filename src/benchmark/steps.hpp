// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "benchmark/bench_network.hpp"
#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// A training step as `ebmpi train` takes it, phase by phase.
struct StepRow {
  std::string objective;
  std::string network;
  std::int64_t batch_size = 0;  ///< over all ranks
  std::int64_t parameters = 0;
  double seconds_per_step = 0;
  std::vector<std::pair<std::string, double>> phases = {};  ///< seconds of a step, the mean over the ranks
  double checkpoint_seconds = 0;                            ///< of one checkpoint
};

struct StepSettings {
  std::int64_t samples = 4096;          ///< of a rank in a step
  double seconds = 1.0;                 ///< for each objective
  std::vector<std::string> objectives;  ///< by name; empty: all
  std::string scratch_file;             ///< for a checkpoint, which is removed again
};

/// The objectives whose steps are measured: those of the kernels, and "persistent_contrastive_divergence".
/// Contrastive divergence takes `chain_steps` steps of its chains.
std::vector<std::string> step_names();

/// Collective.
std::vector<StepRow> measure_steps(const comm::Communicator& communicator, const BenchNetwork& network,
                                   const StepSettings& settings);

}  // namespace ebmpi::benchmark
