// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/handle.hpp"

namespace ebmpi::io {

/// An HDF5 file open for reading, with the name that errors mention.
struct OpenFile {
  std::int64_t id;
  const std::string& path;
};

/// A data set open for reading.
struct OpenDataSet {
  Handle handle;
  std::vector<std::int64_t> shape;
};

/// The functions below act on this rank alone and throw core::FileError with file, object and cause.

OpenDataSet open_data_set(const OpenFile& file, const std::string& path);

/// Value is float, double or std::int64_t.
template <class Value>
std::vector<Value> read_numbers(const OpenFile& file, const std::string& path, const OpenDataSet& data_set,
                                std::int64_t first, std::int64_t count);
/// The block of extents `count` from `start` on, row-major; empty where a count is 0. `start` and `count`
/// have an entry for each dimension.
template <class Value>
std::vector<Value> read_block(const OpenFile& file, const std::string& path, const OpenDataSet& data_set,
                              const std::vector<std::int64_t>& start, const std::vector<std::int64_t>& count);
std::string read_text_here(const OpenFile& file, const std::string& path);

bool attribute_exists(const OpenFile& file, const std::string& object, const std::string& name);
/// Value is double or std::int64_t.
template <class Value>
std::vector<Value> read_number_attribute(const OpenFile& file, const std::string& object,
                                         const std::string& name);
std::string read_text_attribute(const OpenFile& file, const std::string& object, const std::string& name);

std::vector<std::string> link_names(const OpenFile& file, const std::string& group);

/// Reads everything, in pieces of at most 16 MiB or a chunk, so that every checksum of every data set is
/// looked at. Of `parts` callers, number `part` reads every parts-th piece.
void read_every_data_set(const OpenFile& file, int part = 0, int parts = 1);

}  // namespace ebmpi::io
