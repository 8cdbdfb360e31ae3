// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmark/bench_network.hpp"
#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// What a kernel does to samples, chain steps or, of an objective, data rows with all their negatives; over
/// all ranks.
struct KernelRow {
  std::string name;
  std::string network;
  double samples_per_second = 0;
  double gflops = 0;
  double peak_gflops = 0;

  double utilisation() const { return gflops / peak_gflops; }
};

struct KernelSettings {
  std::int64_t samples = 4096;       ///< or chains, of a rank in a launch
  double seconds = 1.0;              ///< for each measurement
  std::vector<std::string> kernels;  ///< by name; empty: all
};

/// Langevin steps that a launch of the sampler takes.
inline constexpr int chain_steps = 10;

/// "energy", "langevin" and the objectives.
std::vector<std::string> kernel_names();

/// Collective.
std::vector<KernelRow> measure_kernels(const comm::Communicator& communicator, const BenchNetwork& network,
                                       const KernelSettings& settings);

}  // namespace ebmpi::benchmark
