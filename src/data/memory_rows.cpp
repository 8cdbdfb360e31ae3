// SPDX-License-Identifier: Apache-2.0
#include "data/memory_rows.hpp"

#include "core/permutation.hpp"

namespace ebmpi::data {

template <class Scalar>
MemoryRows<Scalar>::MemoryRows(const comm::ShardMap& shards, const std::vector<ShardSlice>& parts,
                               std::int64_t dimension, core::PhiloxKey order)
    : shards_(shards),
      parts_(parts),
      order_(order),
      rows_("ebmpi::data::training", parts.empty() ? 0 : parts.back().local_first + parts.back().size,
            dimension),
      host_(Kokkos::create_mirror_view(rows_)) {}

template <class Scalar>
void MemoryRows<Scalar>::offer(std::size_t part, std::int64_t number, std::span<const Scalar> row) {
  const std::int64_t at = parts_[part].local_first + number;
  for (std::size_t d = 0; d < row.size(); ++d) host_(at, d) = row[d];
}

template <class Scalar>
void MemoryRows<Scalar>::complete() {
  Kokkos::deep_copy(rows_, host_);
  host_ = {};
}

template <class Scalar>
void MemoryRows<Scalar>::draw(std::int64_t step, const core::BatchSlots& slots,
                              const core::Rows<Scalar>& batch) {
  const auto rows = rows_;
  const auto key = order_;
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, batch.extent(0));
  Kokkos::parallel_for(
      "ebmpi::data::draw", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const core::BatchSlot& slot = slots(row);
        const auto size = static_cast<std::uint64_t>(slot.size);
        const std::uint64_t served = slot.served(step);
        const core::Permutation order(key, static_cast<std::uint64_t>(slot.shard),
                                      static_cast<std::uint32_t>(served / size), size);
        const std::int64_t source = slot.local_first + static_cast<std::int64_t>(order(served % size));
        for (std::size_t d = 0; d < batch.extent(1); ++d) batch(row, d) = rows(source, d);
      });
}

template <class Scalar>
std::vector<double> MemoryRows<Scalar>::spread_rows(std::size_t part) const {
  const ShardSlice& slice = parts_[part];
  const std::pair<std::int64_t, std::int64_t> own(slice.local_first, slice.local_first + slice.size);
  const auto host =
      Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), Kokkos::subview(rows_, own, Kokkos::ALL));
  const std::int64_t count =
      spread_count(shards_, shards_.owned().first + static_cast<std::int64_t>(part), slice.size);
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = i * slice.size / count;
    for (std::size_t d = 0; d < host.extent(1); ++d) values.push_back(static_cast<double>(host(row, d)));
  }
  return values;
}

template class MemoryRows<float>;
template class MemoryRows<double>;

}  // namespace ebmpi::data
