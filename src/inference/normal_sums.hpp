// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"

namespace ebmpi::inference {

/// Σ r rᵀ over rows r of a length L, its lower triangle row by row: entry (a, b), b ≤ a, at a (a + 1) / 2 +
/// b.
struct SquaredSums {
  std::size_t length = 0;
  std::vector<double> values;  // (L (L + 1) / 2)

  double operator()(std::size_t a, std::size_t b) const {
    return a >= b ? values[a * (a + 1) / 2 + b] : values[b * (b + 1) / 2 + a];
  }
};

/// Writes the row of a global number that this rank owns, L finite numbers. Called by several threads.
using RowWriter = std::function<void(std::int64_t number, std::span<double> row)>;

/// The sums over the rows `part` of `total` that are cut into shards; the same bits on every rank, for every
/// number of ranks and threads. Collective.
///
/// Products are added in blocks of at most 64 rows, which never cross a shard, in floating point, and blocks
/// as 64-bit integers, with a scale for each entry that the largest magnitudes of both its factors set: so
/// memory does not grow with the number of shards, which L² numbers of each would make it do. The error of a
/// sum is below blocks · 2⁻⁵⁶ of the largest product.
SquaredSums squared_sums(const comm::Communicator& communicator, const comm::ShardMap& shards,
                         std::int64_t total, comm::IndexRange part, std::size_t length,
                         const RowWriter& write_row);

}  // namespace ebmpi::inference
