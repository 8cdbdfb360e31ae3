// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// Seconds that one `launch` takes on this rank, the mean over as many as fit in `seconds`, after one that
/// does not count. All ranks start together, so that they share caches and memory as they do in training.
/// Collective.
double seconds_of(const comm::Communicator& communicator, const std::function<void()>& launch,
                  double seconds);

/// Items a second of all ranks together, where each launch handles `items` on every rank. Collective.
double rate_of(const comm::Communicator& communicator, const std::function<void()>& launch, double items,
               double seconds);

/// The sum over the ranks of a figure of each. Collective.
double sum_over_ranks(const comm::Communicator& communicator, double value);

}  // namespace ebmpi::benchmark
