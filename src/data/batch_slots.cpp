// SPDX-License-Identifier: Apache-2.0
#include "data/batch_slots.hpp"

namespace ebmpi::data {

core::BatchSlots make_batch_slots(const comm::ShardMap& shards, std::int64_t batch_size,
                                  const std::vector<ShardSlice>& owned) {
  const std::int64_t rows = shards.owned_slice(batch_size).size();
  Kokkos::View<core::BatchSlot*, core::MemorySpace> slots("ebmpi::data::batch_slots", rows);
  const auto host = Kokkos::create_mirror_view(slots);
  std::int64_t row = 0;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const ShardSlice& slice = owned[static_cast<std::size_t>(shard - shards.owned().first)];
    const std::int64_t share = shards.slice(batch_size, shard).size();
    for (std::int64_t position = 0; position < share; ++position) {
      host(row++) = {slice.local_first,
                     slice.global_first,
                     slice.size,
                     position,
                     share,
                     shard,
                     shards.slice(batch_size, shard).first + position};
    }
  }
  Kokkos::deep_copy(slots, host);
  return slots;
}

}  // namespace ebmpi::data
