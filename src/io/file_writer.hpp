// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "io/dimension_scales.hpp"
#include "io/handle.hpp"
#include "io/hdf5_lock.hpp"

namespace ebmpi::io {

struct Selection;

/// Writes an HDF5 file by all ranks at once, which appears under its name, complete, at commit(), or never:
/// checkpoints and the output of commands. All members are collective. Every data set is chunked with
/// fletcher32 and everything else is covered by HDF5's metadata checksums, so that a flipped bit is noticed
/// on reading. Any HDF5 from 1.10 on can read it.
///
/// Members throw core::FileError on every rank, with the path and the reason; a full disk is found before
/// anything is written to it. A disk that fails for one rank only in the middle of a collective write may
/// still hang HDF5. Holds HDF5 as long as it lives: a thread that reads ahead waits.
class FileWriter {
public:
  FileWriter(const comm::Communicator& communicator, std::string path);
  /// Without commit(), removes what was written. All ranks destroy together.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// A data set that is the same on all ranks, row-major; groups on the way are created. `shape` has at least
  /// one extent.
  void write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                        std::span<const float> values);
  void write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                        std::span<const double> values);
  void write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                        std::span<const std::int64_t> values);

  /// A data set (global_rows, columns), or (global_rows) where `columns` is 0, of which this rank has the
  /// rows from `first_row` on, row-major; it may have none.
  void write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                  std::int64_t first_row, std::span<const float> values);
  void write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                  std::int64_t first_row, std::span<const double> values);
  void write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                  std::int64_t first_row, std::span<const std::int64_t> values);

  /// The numbers 0, 1, …, length - 1 (int64) at `path`: the last part of it names a dimension of data sets in
  /// its group, as netCDF-4 has them, so that xarray and ArviZ show it.
  void dimension(const std::string& path, std::int64_t length);

  /// A data set to be filled by write_block while the program works, so that memory does not grow with it;
  /// there is room for all of it on the disk from now on. Value is float, double or std::int64_t. `shape` has
  /// at least one extent; `block` are the extents of what all ranks together write at a time, by which chunks
  /// are made, and `dimensions` names each dimension (dimension() has made it in the same group), or none.
  /// What is never written reads as NaN, or 0. Throws std::invalid_argument where these do not fit together.
  template <class Value>
  void create_blocks(const std::string& path, const std::vector<std::int64_t>& shape,
                     const std::vector<std::int64_t>& block, const std::vector<std::string>& dimensions = {});

  /// Writes this rank's block of extents `count`, row-major, from `start` on; a count may be 0. The blocks of
  /// the ranks are disjoint; what was written before may be written again. Throws std::invalid_argument on
  /// every rank where on any the data set has another type or shape, or `values` another length.
  template <class Value>
  void write_block(const std::string& path, const std::vector<std::int64_t>& start,
                   const std::vector<std::int64_t>& count, std::span<const Value> values);

  /// Reads a block back, each rank its own, as FileReader::read_slab does: so that what the memory did not
  /// keep can be looked at before commit().
  template <class Value>
  std::vector<Value> read_block(const std::string& path, const std::vector<std::int64_t>& start,
                                const std::vector<std::int64_t>& count);

  /// A scalar UTF-8 string of fixed length; above 32 KiB, one in an array of one, which can have a checksum.
  void write_text(const std::string& path, const std::string& text);

  /// An attribute of an object, which is created as a group where it is missing. Strings have fixed length.
  void attribute(const std::string& object, const std::string& name, std::int64_t value);
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const std::vector<double>& values);
  template <std::integral Integer>
  void attribute(const std::string& object, const std::string& name, Integer value) {
    attribute(object, name, static_cast<std::int64_t>(value));
  }

  /// Closes, reads everything back (MPI-IO may lose an error, a checksum does not), syncs and renames;
  /// afterwards the file is there, or an error was thrown and the previous one is intact.
  void commit();

private:
  /// A data set that write_block fills.
  struct Blocks {
    Handle data_set;
    std::vector<std::int64_t> shape;
    std::int64_t type = -1;  // in memory
  };
  struct Dimension {
    std::int64_t length = 0;
    std::vector<ScaleUse> uses;
  };

  Handle create(const std::string& path, std::int64_t type, const std::vector<std::int64_t>& shape,
                const std::vector<std::int64_t>& chunk, const void* fill_value);
  template <class Value>
  void write_part(const std::string& path, const std::vector<std::int64_t>& shape, std::int64_t first_row,
                  std::int64_t rows, const Value* values);
  void write_selection(const std::string& path, const Handle& data_set, std::int64_t type,
                       const Selection& selection, const void* values);
  std::vector<std::string> scales_of(const std::string& path, const std::vector<std::int64_t>& shape,
                                     const std::vector<std::string>& dimensions) const;
  /// Throws std::invalid_argument on every rank where `problem` is a text on any.
  void require_everywhere(const std::string& problem) const;
  void write_attribute(const std::string& object, const std::string& name, std::int64_t type,
                       const Handle& space, const void* data);
  void write_attribute(const std::string& object, const ScaleAttribute& attribute);
  void close();
  void reserve(std::int64_t data_bytes);
  void read_back() const;
  [[noreturn]] void fail(const std::string& what) const;

  const comm::Communicator& communicator_;
  std::string path_;
  std::string temporary_;
  Hdf5Lock lock_;  // released after all handles
  Handle file_;
  std::map<std::string, Blocks> blocks_;         // by path
  std::map<std::string, Dimension> dimensions_;  // by path
  std::int64_t reserved_bytes_ = 0;
  bool committed_ = false;
};

}  // namespace ebmpi::io
