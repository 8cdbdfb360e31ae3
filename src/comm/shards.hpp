// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ebmpi::comm {

/// Half-open range [first, last) of global numbers.
struct IndexRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  std::int64_t size() const { return last - first; }
};

/// Part `part` of `total` objects cut into `parts` contiguous pieces whose sizes differ by at most one,
/// larger ones first.
inline IndexRange balanced_slice(std::int64_t total, std::int64_t parts, std::int64_t part) {
  const std::int64_t quotient = total / parts;
  const std::int64_t remainder = total % parts;
  const std::int64_t first = part * quotient + (part < remainder ? part : remainder);
  return {first, first + quotient + (part < remainder ? 1 : 0)};
}

/// Which shards a rank owns. The number of shards is fixed by the config, so that data, chains and batches
/// are cut in the same way on any number of ranks; a rank owns a contiguous range of whole shards.
class ShardMap {
public:
  ShardMap(std::int64_t shards, int ranks, int rank)
      : shards_(shards), owned_(balanced_slice(shards, ranks, rank)) {}

  std::int64_t shards() const { return shards_; }
  IndexRange owned() const { return owned_; }
  /// The slice of `total` objects (rows, chains, batch samples) that belongs to `shard`.
  IndexRange slice(std::int64_t total, std::int64_t shard) const {
    return balanced_slice(total, shards_, shard);
  }
  /// The contiguous slice of `total` objects that belongs to this rank's shards together.
  IndexRange owned_slice(std::int64_t total) const {
    if (owned_.size() == 0) return {0, 0};
    return {slice(total, owned_.first).first, slice(total, owned_.last - 1).last};
  }

private:
  std::int64_t shards_;
  IndexRange owned_;
};

}  // namespace ebmpi::comm
