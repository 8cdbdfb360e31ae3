// SPDX-License-Identifier: Apache-2.0
#include "training/blocks.hpp"

#include <algorithm>

namespace ebmpi::training {

void append_blocks(std::vector<objective::SampleBlock>& blocks, const RowRange& rows, int rows_in_block,
                   objective::Role role) {
  for (std::int64_t done = 0; done < rows.count; done += rows_in_block) {
    const std::int64_t count = std::min<std::int64_t>(rows_in_block, rows.count - done);
    blocks.push_back(
        {rows.first + done, static_cast<int>(count), static_cast<int>(role), rows.number + done});
  }
}

std::int64_t block_count(std::int64_t rows, int rows_in_block) {
  return (rows + rows_in_block - 1) / rows_in_block;
}

}  // namespace ebmpi::training
