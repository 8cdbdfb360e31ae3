// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "io/background_reader.hpp"
#include "io/dataset_name.hpp"
#include "io/handle.hpp"

namespace ebmpi::io {

/// Reads rows of a data set of samples: (N, D), or (N) taken as (N, 1), of any float or integer type.
class DatasetReader {
public:
  /// Collective. Rank 0 looks at the file first, so that every rank throws the same error: core::FileError
  /// where the file is missing or damaged; core::InputError where the data set is missing, not 1-D or 2-D,
  /// empty or not numeric.
  DatasetReader(const comm::Communicator& communicator, DatasetName name);

  const DatasetName& name() const { return name_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::vector<std::int64_t> shape() const;  ///< (N) or (N, D), as in the file
  const RowLayout& layout() const { return layout_; }

  /// Rows [first, first + count) into `values` (count, columns), row-major. Each rank calls it for its own
  /// rows, whenever it likes. Throws core::FileError where they cannot be read; std::out_of_range and
  /// std::invalid_argument on wrong arguments.
  void read_rows(std::int64_t first, std::int64_t count, std::span<double> values) const;
  void read_rows(std::int64_t first, std::int64_t count, std::span<float> values) const;

  /// Collective. `values` are the rows from `first` on that this rank has read (it may have none). Throws
  /// core::InputError on every rank, naming the first row and column of all ranks that are NaN or infinite.
  void check_finite(std::int64_t first, std::span<const double> values) const;
  void check_finite(std::int64_t first, std::span<const float> values) const;

private:
  const comm::Communicator& communicator_;
  DatasetName name_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t dimensions_ = 0;  // 1 or 2, in the file
  Handle file_;
  Handle data_set_;
  RowLayout layout_;
};

/// Collective. The labels of this rank's `rows`, from an integer or boolean data set (N) or (N, 1) with N =
/// `expected_rows`; nothing where the file has no such data set. Throws as DatasetReader does.
std::optional<std::vector<std::int64_t>> read_labels(const comm::Communicator& communicator,
                                                     const DatasetName& name, std::int64_t expected_rows,
                                                     comm::IndexRange rows);

}  // namespace ebmpi::io
