// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmark/bench_network.hpp"
#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// What the parts of a kernel that are not matrix products take of its time, each measured alone, on tiles as
/// the kernel has them.
struct ShareRow {
  std::string kernel;
  std::string network;
  double noise = 0;  ///< random numbers: Philox, and logarithm, square root, sine and cosine of Box–Muller
  double activations = 0;  ///< φ and its derivatives: the transcendental functions
  double fixed_point = 0;  ///< conversion of the gradient to 64-bit integers, and their sum
  double copies = 0;       ///< loads and stores of rows, transpositions
};

/// Collective. Of "langevin", "contrastive_divergence", "denoising", "sliced" and, where it suits the
/// network, "exact"; `samples` and `seconds` as in KernelSettings.
std::vector<ShareRow> measure_shares(const comm::Communicator& communicator, const BenchNetwork& network,
                                     std::int64_t samples, double seconds);

}  // namespace ebmpi::benchmark
