// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "io/handle.hpp"

namespace ebmpi::io {

/// A row-major array with its shape; a scalar has an empty shape and one value.
template <class Value>
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<Value> values;
};

/// Reads an HDF5 file that FileWriter or h5py wrote, on any number of ranks. All members are collective and
/// give, except read_rows and read_slab, the same result on every rank: rank 0 reads and sends it to the
/// others. They throw core::FileError on every rank, naming the file, the object and the cause; a failed
/// checksum is reported as damage.
class FileReader {
public:
  FileReader(const comm::Communicator& communicator, std::string path);

  const std::string& path() const { return path_; }

  bool exists(const std::string& object) const;
  /// Names of what a group holds, in alphabetical order.
  std::vector<std::string> list(const std::string& group) const;
  std::vector<std::int64_t> shape(const std::string& data_set) const;

  /// A whole data set; Value is float, double or std::int64_t, converted from any number type.
  template <class Value>
  Array<Value> read_replicated(const std::string& data_set) const;
  /// Rows [first, first + count), each rank its own; `count` may be 0.
  template <class Value>
  std::vector<Value> read_rows(const std::string& data_set, std::int64_t first, std::int64_t count) const;
  /// The block of extents `count` from `start` on, of any number of dimensions, row-major; each rank its own,
  /// and a count may be 0.
  template <class Value>
  std::vector<Value> read_slab(const std::string& data_set, const std::vector<std::int64_t>& start,
                               const std::vector<std::int64_t>& count) const;
  std::string read_text(const std::string& data_set) const;

  bool has_attribute(const std::string& object, const std::string& name) const;
  std::int64_t integer_attribute(const std::string& object, const std::string& name) const;
  double real_attribute(const std::string& object, const std::string& name) const;
  std::vector<double> reals_attribute(const std::string& object, const std::string& name) const;
  std::string text_attribute(const std::string& object, const std::string& name) const;

private:
  const comm::Communicator& communicator_;
  std::string path_;
  Handle file_;
};

}  // namespace ebmpi::io
