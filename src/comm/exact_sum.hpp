// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"

namespace ebmpi::comm {

/// Elementwise sum over all shards of vectors of `length` elements, the same bits on every rank and for every
/// number of ranks. `partials` (owned shards of the rank, each of `length`) is empty on a rank that owns
/// none. An element in which any shard has a NaN or an infinity becomes NaN. Collective; throws
/// std::invalid_argument on a wrong size.
///
/// Each element is cut at a power of two, which the largest magnitude over all shards sets, into two 64-bit
/// integers whose sums cannot overflow for up to 2^30 shards; sums of integers do not depend on their order.
/// The error is below one unit in the last place of the largest partial.
std::vector<double> sum_over_shards(const Communicator& communicator, const ShardMap& shards,
                                    std::size_t length, const std::vector<std::vector<double>>& partials);

}  // namespace ebmpi::comm
