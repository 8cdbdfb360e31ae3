// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/shards.hpp"
#include "core/batch_slot.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::data {

/// Rows in host memory; those of Rows<Scalar> themselves where it is the device's.
template <class Scalar>
using HostRows = Kokkos::View<Scalar**, Kokkos::LayoutRight, Kokkos::HostSpace>;

/// The training rows of this rank's shards in model space, however they are kept. "Part" is the position of a
/// shard among those of the rank.
template <class Scalar>
class RowStore {
public:
  virtual ~RowStore() = default;

  /// Offers every training row once, part by part in the order of the file; `number` counts those of the
  /// part.
  virtual void offer(std::size_t part, std::int64_t number, std::span<const Scalar> row) = 0;
  /// All rows were offered.
  virtual void complete() = 0;

  /// Copies this rank's rows of the batch of `step` to `batch` (rows, K). Each shard serves all its training
  /// rows once an epoch, in a new pseudo-random order. This rank alone throws core::Error where its rows
  /// cannot be had.
  virtual void draw(std::int64_t step, const core::BatchSlots& slots, const core::Rows<Scalar>& batch) = 0;

  /// The rows number i·size/n of a part, for i < n = spread_count, (n, K) row-major.
  virtual std::vector<double> spread_rows(std::size_t part) const = 0;

  /// Seconds that draws have waited for rows.
  virtual double seconds_waited() const { return 0.0; }
};

/// Evenly spread rows of all shards together.
inline constexpr std::int64_t most_spread_rows = 20000;

/// How many of its `rows` training rows a shard gives as evenly spread ones.
inline std::int64_t spread_count(const comm::ShardMap& shards, std::int64_t shard, std::int64_t rows) {
  return std::min(rows, shards.slice(most_spread_rows, shard).size());
}

}  // namespace ebmpi::data
