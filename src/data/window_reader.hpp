// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/shards.hpp"
#include "data/sample_source.hpp"
#include "data/transform.hpp"
#include "data/validation_split.hpp"

namespace ebmpi::data {

/// Reads training rows in model space. For one thread at a time, which calls neither MPI nor Kokkos.
template <class Scalar>
class WindowReader {
public:
  WindowReader(const SampleSource& source, DataTransform transform, ValidationSplit held_out);

  std::int64_t dimension() const { return transform_.model_dimension(); }  ///< K

  /// Appends those of `rows` that are not held out to `values` (rows, K), row-major. Throws core::FileError
  /// where they cannot be read any more, core::InputError where they are no longer finite numbers.
  void append(comm::IndexRange rows, std::vector<Scalar>& values);

private:
  std::unique_ptr<RowReader> reader_;
  std::string name_;  // of the source
  std::int64_t columns_;
  DataTransform transform_;
  ValidationSplit held_out_;
  std::vector<double> x_, z_;  // (rows of a page, D) and (…, K)
};

}  // namespace ebmpi::data
