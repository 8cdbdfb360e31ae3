// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "comm/communicator.hpp"

namespace ebmpi::statistics {

/// value(0), …, value(count - 1) on every rank. Ranks and their threads share the work; one thread computes a
/// value from start to end, so that its bits depend neither on the ranks nor on the threads. `value` is
/// called by several threads at once and must not throw. Collective.
std::vector<double> row_values(const comm::Communicator& communicator, std::int64_t count,
                               const std::function<double(std::int64_t)>& value);

}  // namespace ebmpi::statistics
