// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// How long the ranks take to add up as many bytes of 64-bit integers.
struct Reduction {
  std::int64_t bytes = 0;
  double seconds = 0;
};

/// seconds = latency + bytes · seconds_per_byte, fitted by least squares of the relative error: Hockney 1994,
/// doi:10.1016/S0167-8191(06)80021-9.
struct ReductionCost {
  std::vector<Reduction> measured;
  double latency = 0;           ///< α, in seconds
  double seconds_per_byte = 0;  ///< β
};

/// Collective. Sizes from 8 bytes to 16 MiB in about `seconds`. On one rank there is nothing to reduce:
/// empty.
ReductionCost measure_reductions(const comm::Communicator& communicator, double seconds);

/// α and β >= 0 of the measurements.
void fit_cost(ReductionCost& cost);

}  // namespace ebmpi::benchmark
