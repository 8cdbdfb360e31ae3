// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/dataset_name.hpp"
#include "io/handle.hpp"

namespace ebmpi::io {

/// How the rows of a data set lie in its file.
struct RowLayout {
  std::int64_t row_bytes = 0;   ///< before compression
  std::int64_t chunk_rows = 1;  ///< rows that are read and decompressed together; 1 without chunks
};

RowLayout layout_of(std::int64_t data_set, std::int64_t columns);

/// Reads rows of a data set in a thread beside the one that calls MPI and HDF5. Contiguous float32 and
/// float64 in the byte order of the machine come straight from the file; anything else through HDF5, under
/// its lock.
class BackgroundReader {
public:
  /// This rank alone. `shape` is that of the data set: (N) or (N, D). Throws core::FileError where the file
  /// cannot be opened.
  BackgroundReader(DatasetName name, std::vector<std::int64_t> shape);
  ~BackgroundReader();
  BackgroundReader(const BackgroundReader&) = delete;
  BackgroundReader& operator=(const BackgroundReader&) = delete;

  /// Rows [first, first + count) into `values` (count, columns), row-major. One thread at a time. Throws
  /// core::FileError where they cannot be read, or the file has become shorter: HDF5 would give zeros for
  /// what is missing.
  void read_rows(std::int64_t first, std::int64_t count, std::span<double> values);

private:
  enum class Access { through_hdf5, float32, float64 };

  void find_access();
  /// Returns why it failed, or an empty text.
  template <class Value>
  std::string read_directly(std::int64_t first, std::span<double> values);

  DatasetName name_;
  std::vector<std::int64_t> shape_;
  std::int64_t columns_;
  Handle file_;
  Handle data_set_;
  int descriptor_ = -1;
  std::int64_t file_bytes_ = 0;  // when it was opened
  Access access_ = Access::through_hdf5;
  std::int64_t offset_ = 0;  // of the first row in the file, where it is read directly
  std::vector<char> bytes_;
};

}  // namespace ebmpi::io
