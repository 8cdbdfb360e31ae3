// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "io/handle.hpp"

namespace ebmpi::io {

/// Largest expansion of a stored byte that is believed (deflate reaches 1032), so that a damaged shape is not
/// allocated.
inline constexpr std::int64_t largest_compression_ratio = 1100;

/// Turns off HDF5's own printing to stderr and, in libraries without H5Pset_file_locking, its file locks.
void prepare_hdf5();

/// What the last failed HDF5 call of this thread says was wrong, in one line.
std::string hdf5_reason();

/// A file access list without file locks, which fail on NFS and some Lustre mounts (errors 37 and 524). What
/// is read here is never being written, because files appear under their name only when complete.
Handle file_access_without_locks();

/// Opens `file` read-only by this rank alone. That, rather than MPI-IO, lets ranks read compressed chunks and
/// fail independently. Throws core::FileError with the system's or HDF5's reason.
Handle open_for_reading(const std::string& file);

/// Whether every link of `path` exists and its end can be opened; false for a damaged path.
bool object_exists(std::int64_t file, const std::string& path);

/// Paths of all data sets with their shapes, for example "/train/x (100, 2)", in alphabetical order, at most
/// `most` of them.
std::vector<std::string> describe_data_sets(std::int64_t file, std::size_t most);

/// Paths of all data sets that hard links reach, in alphabetical order.
std::vector<std::string> data_set_paths(std::int64_t file);

/// Shape of a data set or attribute space; empty for a scalar.
std::vector<std::int64_t> shape_of_space(std::int64_t space);

/// "(100, 2)"
std::string shape_text(const std::vector<std::int64_t>& shape);

/// Product of the extents, or -1 where it does not fit into 2^62.
std::int64_t element_count(const std::vector<std::int64_t>& shape);

/// HDF5's name of the type in memory.
template <class Value>
std::int64_t native_type() {
  if constexpr (std::is_same_v<Value, float>) {
    return H5T_NATIVE_FLOAT;
  } else if constexpr (std::is_same_v<Value, double>) {
    return H5T_NATIVE_DOUBLE;
  } else {
    static_assert(std::is_same_v<Value, std::int64_t>);
    return H5T_NATIVE_INT64;
  }
}

}  // namespace ebmpi::io
