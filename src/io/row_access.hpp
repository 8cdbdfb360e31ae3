// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5_support.hpp"

namespace ebmpi::io {

/// A pair of selections: the same elements in a data set and in memory.
struct Selection {
  Handle file_space;
  Handle memory_space;
};

/// Opens a data set to read its rows in pieces, with room for a chunk of it (up to 64 MiB) so that one which
/// several pieces share is decompressed once. Where it cannot be opened the handle is empty.
Handle open_rows(std::int64_t file, const std::string& path);

/// Extents of the chunks of a data set of `dimensions` dimensions; 1 each where it has no chunks.
std::vector<std::int64_t> stored_chunk(std::int64_t data_set, std::size_t dimensions);

/// The block of extents `count` from `start` on, of a data set of `shape`; nothing where a count is 0.
Selection select_block(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& start,
                       const std::vector<std::int64_t>& count);

/// Rows [first, first + count) of a data set of `shape`; nothing where the count is 0.
Selection select_rows(const std::vector<std::int64_t>& shape, std::int64_t first, std::int64_t count);

/// Reads rows [first, first + count) into `values`; HDF5's reason where that fails, else an empty text.
template <class Value>
std::string read_selected_rows(std::int64_t data_set, const std::vector<std::int64_t>& shape,
                               std::int64_t first, std::int64_t count, Value* values) {
  const Selection rows = select_rows(shape, first, count);
  const herr_t status = H5Dread(data_set, native_type<Value>(), rows.memory_space.id(), rows.file_space.id(),
                                H5P_DEFAULT, values);
  return status < 0 ? hdf5_reason() : "";  // closing the selections would forget the reason
}

}  // namespace ebmpi::io
