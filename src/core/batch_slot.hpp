// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>

#include "core/pack.hpp"

namespace ebmpi::core {

/// Where one row of the batch is served from: its shard's slice of a larger set (data rows or persistent
/// chains). A function of the config and the row's global number only.
struct BatchSlot {
  std::int64_t local_first = 0;   ///< where the shard's slice starts in this rank's memory
  std::int64_t global_first = 0;  ///< and in the whole set
  std::int64_t size = 0;          ///< objects in the slice
  std::int64_t position = 0;      ///< number of this row within the shard's share of the batch
  std::int64_t share = 0;         ///< rows of the batch that the shard serves
  std::int64_t shard = 0;
  std::int64_t batch_row = 0;  ///< number of this row in the whole batch

  /// How many objects of the slice were served before this one, over all steps (the first step is 1).
  KOKKOS_FORCEINLINE_FUNCTION std::uint64_t served(std::int64_t step) const {
    return static_cast<std::uint64_t>((step - 1) * share + position);
  }
  /// Number within the slice of the object that this row has at `step`, where each is served in turn.
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t object(std::int64_t step) const {
    return static_cast<std::int64_t>(served(step) % static_cast<std::uint64_t>(size));
  }
  /// How often that object was served before.
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t visits(std::int64_t step) const {
    return static_cast<std::int64_t>(served(step) / static_cast<std::uint64_t>(size));
  }
};

/// One slot for each row of this rank's part of the batch, in global order.
using BatchSlots = Kokkos::View<const BatchSlot*, MemorySpace>;

}  // namespace ebmpi::core
