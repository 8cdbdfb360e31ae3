// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "comm/communicator.hpp"

namespace ebmpi::data {

/// Rows by their number, for a thread beside the main one.
class RowReader {
public:
  virtual ~RowReader() = default;

  /// Rows [first, first + count) into `values` (count, columns), row-major. Calls no MPI; one thread at a
  /// time. Throws core::FileError where a file can no longer be read.
  virtual void read(std::int64_t first, std::int64_t count, std::span<double> values) = 0;
};

/// Where training samples come from: rows that any rank can get by their number.
class SampleSource {
public:
  virtual ~SampleSource() = default;

  /// What an error message calls it: "x.h5:/x" or "density two_moons".
  virtual std::string name() const = 0;
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  /// Bytes of a row where it is stored, or would be.
  virtual std::int64_t row_bytes() const = 0;
  /// Rows that cost no more together than one of them: those of a chunk of a compressed file.
  virtual std::int64_t chunk_rows() const { return 1; }
  /// Rows [first, first + count) into `values` (count, columns), row-major. Not collective.
  virtual void read(std::int64_t first, std::int64_t count, std::span<double> values) const = 0;
  /// Collective: throws core::InputError on every rank, naming the first row and column, where one of the
  /// `values`, which are rows from `first` on, is NaN or infinite. A rank may have none.
  virtual void check_finite(std::int64_t first, std::span<const double> values) const = 0;
  /// A reader that outlives the source. Not collective; throws core::FileError.
  virtual std::unique_ptr<RowReader> make_reader() const = 0;
};

/// Rows of an HDF5 data set. Collective.
std::unique_ptr<SampleSource> open_file_source(const comm::Communicator& communicator,
                                               const std::string& file, const std::string& dataset);

/// Rows `first` to `first + count` of a synthetic density's endless stream; equal (seed, number) gives the
/// equal row.
std::unique_ptr<SampleSource> make_density_source(const std::string& density, std::int64_t dimension,
                                                  double noise, std::int64_t count, std::uint64_t seed);

}  // namespace ebmpi::data
