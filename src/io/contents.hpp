// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace ebmpi::io {

/// A data set as a listing shows it.
struct DataSetSummary {
  std::string path;                 ///< "/train/x"
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::string type;                 ///< as NumPy calls it ("float32", "int64"), or "string", "other"
  bool is_numeric = false;
};

/// A scalar attribute; text for a string, else a number.
struct AttributeSummary {
  std::string name;
  std::string text;
  std::optional<double> real;
  std::optional<std::int64_t> integer;
};

/// What an HDF5 file holds.
struct FileContents {
  std::vector<DataSetSummary> data_sets;     ///< in alphabetical order of their paths
  std::vector<AttributeSummary> attributes;  ///< scalar ones of the root group, in alphabetical order
};

/// Looks at a file by this rank alone, without reading its data. Throws core::FileError.
FileContents look_into(const std::string& file);

/// Smallest and largest finite number of a data set.
struct NumberRange {
  double minimum = 0.0;
  double maximum = 0.0;
  std::int64_t not_finite = 0;  ///< how many are NaN or infinite
  bool is_empty = true;         ///< no finite number at all
};

/// Reads a numeric data set, piece by piece, by this rank alone. Throws core::FileError.
NumberRange number_range(const std::string& file, const std::string& data_set);

}  // namespace ebmpi::io
