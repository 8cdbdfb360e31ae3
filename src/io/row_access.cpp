// SPDX-License-Identifier: Apache-2.0
#include "io/row_access.hpp"

namespace ebmpi::io {

RowSelection select_rows(const std::vector<std::int64_t>& shape, std::int64_t first, std::int64_t count) {
  const auto dimensions = static_cast<int>(shape.size());
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  std::vector<hsize_t> block = extents;
  std::vector<hsize_t> start(shape.size(), 0);
  block[0] = static_cast<hsize_t>(count);
  start[0] = static_cast<hsize_t>(first);
  RowSelection rows{Handle(H5Screate_simple(dimensions, extents.data(), nullptr), H5Sclose),
                    Handle(H5Screate_simple(dimensions, block.data(), nullptr), H5Sclose)};
  if (count == 0) {
    H5Sselect_none(rows.file_space.id());
    H5Sselect_none(rows.memory_space.id());
  } else {
    H5Sselect_hyperslab(rows.file_space.id(), H5S_SELECT_SET, start.data(), nullptr, block.data(), nullptr);
  }
  return rows;
}

}  // namespace ebmpi::io
