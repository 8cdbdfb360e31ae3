// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "objective/jet_block.hpp"

namespace ebmpi::training {

/// Rows of one shard in the batch buffer: a block never crosses shards, so that what is added in floating
/// point is the same on any number of ranks.
struct RowRange {
  std::int64_t first = 0;  ///< in the buffer
  std::int64_t count = 0;
  std::int64_t number = 0;  ///< global number of the first
};

/// Appends the blocks of a range, each of at most `rows_in_block` rows.
void append_blocks(std::vector<objective::SampleBlock>& blocks, const RowRange& rows, int rows_in_block,
                   objective::Role role);

/// How many append_blocks makes.
std::int64_t block_count(std::int64_t rows, int rows_in_block);

}  // namespace ebmpi::training
