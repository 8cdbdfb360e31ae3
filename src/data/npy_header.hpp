// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace ebmpi::data {

enum class StorageOrder { row_major, column_major };

/// What the header of a .npy file says.
struct NpyHeader {
  std::string type;  ///< NumPy's description, such as <f8
  StorageOrder order = StorageOrder::row_major;
  std::vector<std::int64_t> shape;
};

/// Reads the header and leaves the stream at the first number. Format: NumPy, numpy.lib.format, versions 1.0
/// to 3.0. Throws core::InputError, with `path` in the text, for anything else.
NpyHeader read_npy_header(std::istream& stream, const std::string& path);

}  // namespace ebmpi::data
