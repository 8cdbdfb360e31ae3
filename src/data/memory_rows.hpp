// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/random.hpp"
#include "data/batch_slots.hpp"
#include "data/row_store.hpp"

namespace ebmpi::data {

/// All training rows of the rank, in device memory.
template <class Scalar>
class MemoryRows final : public RowStore<Scalar> {
public:
  /// `parts` has a slice for each owned shard; `order` is the key of the order of rows.
  MemoryRows(const comm::ShardMap& shards, const std::vector<ShardSlice>& parts, std::int64_t dimension,
             core::PhiloxKey order);

  void offer(std::size_t part, std::int64_t number, std::span<const Scalar> row) override;
  void complete() override;
  void draw(std::int64_t step, const core::BatchSlots& slots, const core::Rows<Scalar>& batch) override;
  std::vector<double> spread_rows(std::size_t part) const override;

private:
  comm::ShardMap shards_;
  std::vector<ShardSlice> parts_;
  core::PhiloxKey order_;
  core::Rows<Scalar> rows_;  // (rows, K)
  HostRows<Scalar> host_;    // until all rows are there
};

}  // namespace ebmpi::data
