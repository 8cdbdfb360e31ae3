// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ebmpi::data {

/// A table read from a text or NumPy file.
struct ImportedTable {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<double> values;             ///< (rows, columns), row-major, all finite
  std::vector<std::string> column_names;  ///< (columns); empty where the file names none
  std::vector<std::int64_t> labels;       ///< (rows) with a label column, else empty
};

/// Reads a text table: a header line of distinct column names, then one line per row, with commas, semicolons
/// or tabs between the fields (whichever the header has most of), quotes as in RFC 4180 but within one line,
/// and numbers with a decimal point. The column named `label_column` holds integers and becomes `labels`.
/// Throws core::FileError if the file cannot be read, and core::InputError naming file, line and column for a
/// missing value, a wrong number of fields, anything but a finite number, a missing, double or numeric
/// header, or no rows.
ImportedTable import_csv(const std::string& path,
                         const std::optional<std::string>& label_column = std::nullopt);

/// Reads a NumPy array file (.npy, format 1 to 3) of one dimension, a column, or two (rows, columns), in C or
/// Fortran order, of floats of 4 or 8 bytes, integers of 1 to 8 bytes or booleans, of either byte order.
/// Integers beyond 2^53 are rounded. Throws core::FileError for a file that cannot be read or is cut short,
/// and core::InputError for what is not such an array (Python objects, structures, text, complex or
/// half-precision numbers, other dimensions) or holds NaN or infinity.
ImportedTable import_npy(const std::string& path);

}  // namespace ebmpi::data
