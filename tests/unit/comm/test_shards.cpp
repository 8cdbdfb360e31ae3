// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "comm/shards.hpp"

using ebmpi::comm::balanced_slice;
using ebmpi::comm::ShardMap;

TEST_CASE("balanced slices cover everything once, larger ones first", "[comm]") {
  for (const std::int64_t total : {0, 1, 5, 12, 1000003}) {
    for (const std::int64_t parts : {1, 2, 3, 7, 64}) {
      std::int64_t next = 0;
      std::int64_t previous_size = total;
      for (std::int64_t part = 0; part < parts; ++part) {
        const auto slice = balanced_slice(total, parts, part);
        CHECK(slice.first == next);
        CHECK(slice.size() <= previous_size);
        CHECK((slice.size() == total / parts || slice.size() == total / parts + 1));
        next = slice.last;
        previous_size = slice.size();
      }
      CHECK(next == total);
    }
  }
}

TEST_CASE("the slice of a shard does not depend on the number of ranks", "[comm]") {
  constexpr std::int64_t shards = 5;
  constexpr std::int64_t rows = 103;
  for (int ranks = 1; ranks <= 8; ++ranks) {
    std::int64_t next_shard = 0;
    std::int64_t next_row = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const ShardMap map(shards, ranks, rank);
      CHECK(map.owned().first == next_shard);
      next_shard = map.owned().last;
      const auto owned = map.owned_slice(rows);
      if (map.owned().size() == 0) {
        CHECK(owned.size() == 0);
        continue;
      }
      CHECK(owned.first == next_row);
      next_row = owned.last;
      for (std::int64_t shard = map.owned().first; shard < map.owned().last; ++shard) {
        CHECK(map.slice(rows, shard).first == ShardMap(shards, 1, 0).slice(rows, shard).first);
      }
    }
    CHECK(next_shard == shards);
    CHECK(next_row == rows);
  }
}
