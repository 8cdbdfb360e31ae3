// SPDX-License-Identifier: Apache-2.0
#include "io/background_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

std::int64_t bytes_in_file(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? static_cast<std::int64_t>(status.st_size) : -1;
}

/// Whether the file holds the rows as they are in memory, one after another.
bool lies_in_one_piece(std::int64_t data_set) {
  const Handle properties(H5Dget_create_plist(data_set), H5Pclose);
  return H5Pget_layout(properties.id()) == H5D_CONTIGUOUS && H5Pget_external_count(properties.id()) == 0 &&
         H5Dget_offset(data_set) != HADDR_UNDEF;
}

}  // namespace

RowLayout layout_of(std::int64_t data_set, std::int64_t columns) {
  const Hdf5Lock lock;
  const Handle type(H5Dget_type(data_set), H5Tclose);
  const Handle properties(H5Dget_create_plist(data_set), H5Pclose);
  RowLayout layout{columns * static_cast<std::int64_t>(H5Tget_size(type.id())), 1};
  hsize_t chunk[2] = {1, 1};
  if (H5Pget_layout(properties.id()) == H5D_CHUNKED && H5Pget_chunk(properties.id(), 2, chunk) > 0)
    layout.chunk_rows = static_cast<std::int64_t>(chunk[0]);
  return layout;
}

BackgroundReader::BackgroundReader(DatasetName name, std::vector<std::int64_t> shape)
    : name_(std::move(name)), shape_(std::move(shape)), columns_(shape_.size() == 1 ? 1 : shape_[1]) {
  const Hdf5Lock lock;
  file_ = open_for_reading(name_.file);
  data_set_ = open_rows(file_.id(), name_.dataset);
  if (!data_set_) {
    throw core::FileError(name_.text() + " cannot be opened (" + hdf5_reason() +
                          "); check that every node sees the same file");
  }
  descriptor_ = ::open(name_.file.c_str(), O_RDONLY | O_CLOEXEC);
  file_bytes_ = bytes_in_file(descriptor_);
  if (descriptor_ < 0 || file_bytes_ < 0) {
    const std::string reason = std::strerror(errno);
    if (descriptor_ >= 0) ::close(descriptor_);
    throw core::FileError("cannot read " + name_.file + " (" + reason +
                          "); check the path and its permissions");
  }
  find_access();
}

BackgroundReader::~BackgroundReader() {
  ::close(descriptor_);
}

void BackgroundReader::find_access() {
  if (!lies_in_one_piece(data_set_.id())) return;
  const Handle type(H5Dget_type(data_set_.id()), H5Tclose);
  if (H5Tequal(type.id(), H5T_NATIVE_FLOAT) > 0) access_ = Access::float32;
  if (H5Tequal(type.id(), H5T_NATIVE_DOUBLE) > 0) access_ = Access::float64;
  offset_ = static_cast<std::int64_t>(H5Dget_offset(data_set_.id()));
}

void BackgroundReader::read_rows(std::int64_t first, std::int64_t count, std::span<double> values) {
  std::string reason;
  if (access_ == Access::float32) {
    reason = read_directly<float>(first, values);
  } else if (access_ == Access::float64) {
    reason = read_directly<double>(first, values);
  } else {
    const Hdf5Lock lock;
    reason = read_selected_rows(data_set_.id(), shape_, first, count, values.data());
  }
  if (const std::int64_t bytes = bytes_in_file(descriptor_); bytes >= 0 && bytes < file_bytes_) {
    reason = "the file had " + std::to_string(file_bytes_) + " bytes when the run began, and has " +
             std::to_string(bytes) + " now";
  }
  if (reason.empty()) return;
  throw core::FileError(name_.text() + " cannot be read any more in rows " + std::to_string(first) + " to " +
                        std::to_string(first + count - 1) + " (" + reason +
                        "); bring the file back as it was and run again to go on");
}

template <class Value>
std::string BackgroundReader::read_directly(std::int64_t first, std::span<double> values) {
  bytes_.resize(values.size() * sizeof(Value));
  const std::int64_t start = offset_ + first * columns_ * static_cast<std::int64_t>(sizeof(Value));
  std::size_t done = 0;
  while (done < bytes_.size()) {
    const ssize_t got = ::pread(descriptor_, bytes_.data() + done, bytes_.size() - done,
                                static_cast<off_t>(start + static_cast<std::int64_t>(done)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::strerror(errno);
    if (got == 0) return "the file ends before them";
    done += static_cast<std::size_t>(got);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Value value;
    std::memcpy(&value, bytes_.data() + i * sizeof(Value), sizeof(Value));
    values[i] = static_cast<double>(value);
  }
  return {};
}

}  // namespace ebmpi::io
