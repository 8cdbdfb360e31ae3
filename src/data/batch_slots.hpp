// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "comm/shards.hpp"
#include "core/batch_slot.hpp"

namespace ebmpi::data {

/// A shard's slice of the data rows or of the persistent chains.
struct ShardSlice {
  std::int64_t local_first = 0;   ///< in this rank's memory
  std::int64_t global_first = 0;  ///< in the whole set
  std::int64_t size = 0;
};

/// One slot for each of this rank's rows of a batch of `batch_size`; `owned` has a slice for each shard that
/// the rank owns, in order.
core::BatchSlots make_batch_slots(const comm::ShardMap& shards, std::int64_t batch_size,
                                  const std::vector<ShardSlice>& owned);

}  // namespace ebmpi::data
