// SPDX-License-Identifier: Apache-2.0
#include "io/file_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/error.hpp"
#include "io/atomic_file.hpp"
#include "io/block_layout.hpp"
#include "io/hdf5_support.hpp"
#include "io/local_read.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

constexpr std::int64_t chunk_overhead_bytes = 64;                      // checksum and index entry
constexpr std::int64_t object_overhead_bytes = std::int64_t{1} << 14;  // headers, groups, blocks of metadata
constexpr std::size_t longest_compact_text = std::size_t{1} << 15;  // an object header holds at most 64 KiB

Handle parallel_access(const comm::Communicator& communicator) {
  Handle access = file_access_without_locks();
  H5Pset_fapl_mpio(access.id(), communicator.handle(), MPI_INFO_NULL);
  // The format of 1.10 has checksums on all metadata; a newer one would shut out the HDF5 of older systems.
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_V110);
  return access;
}

Handle creating_groups() {
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.id(), 1);
  return links;
}

/// Contiguous for an empty data set, which cannot have chunks.
Handle chunked_layout(const std::vector<std::int64_t>& chunk) {
  Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (chunk.empty()) return layout;
  const std::vector<hsize_t> extents(chunk.begin(), chunk.end());
  H5Pset_chunk(layout.id(), static_cast<int>(extents.size()), extents.data());
  H5Pset_fletcher32(layout.id());
  return layout;
}

Handle text_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), std::max<std::size_t>(1, length));
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

Handle collective_transfer() {
  Handle transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  H5Pset_dxpl_mpio(transfer.id(), H5FD_MPIO_COLLECTIVE);
  return transfer;
}

template <class Value>
std::int64_t row_count(std::span<const Value> values, std::int64_t columns) {
  return static_cast<std::int64_t>(values.size()) / std::max<std::int64_t>(1, columns);
}

std::vector<std::int64_t> shape_of_rows(std::int64_t rows, std::int64_t columns) {
  return columns == 0 ? std::vector{rows} : std::vector{rows, columns};
}

}  // namespace

FileWriter::FileWriter(const comm::Communicator& communicator, std::string path)
    : communicator_(communicator), path_(std::move(path)) {
  prepare_hdf5();
  temporary_ = communicator_.broadcast(communicator_.is_root() ? unique_temporary_name(path_) : "");
  // The system says more clearly than MPI-IO why a file cannot be created.
  communicator_.together([&] {
    if (communicator_.is_root()) create_new_file(temporary_);
  });
  try {
    communicator_.together([&] {
      const Handle access = parallel_access(communicator_);
      file_ = Handle(H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
      if (!file_) fail("the file cannot be created");
    });
    reserve(object_overhead_bytes);
  } catch (...) {
    if (communicator_.is_root()) ::unlink(temporary_.c_str());
    throw;
  }
}

FileWriter::~FileWriter() {
  if (committed_) return;
  blocks_.clear();
  file_.close();
  if (communicator_.is_root()) ::unlink(temporary_.c_str());
}

void FileWriter::fail(const std::string& what) const {
  throw core::FileError("cannot write " + path_ + " (" + what + ": " + hdf5_reason() +
                        "); check that the disk has space left and that all nodes see this folder");
}

void FileWriter::reserve(std::int64_t data_bytes) {
  reserved_bytes_ += data_bytes + object_overhead_bytes;
  communicator_.together([&] {
    if (communicator_.is_root()) reserve_space(temporary_, reserved_bytes_);
  });
}

/// Without `fill_value`, every element is going to be written.
Handle FileWriter::create(const std::string& path, std::int64_t type, const std::vector<std::int64_t>& shape,
                          const std::vector<std::int64_t>& chunk, const void* fill_value) {
  const auto chunk_bytes = element_count(chunk) * static_cast<std::int64_t>(H5Tget_size(type));
  reserve(chunk_count(shape, chunk) *
          (chunk_bytes + chunk_overhead_bytes));  // the last ones are stored whole
  Handle data_set;
  communicator_.together([&] {
    const Handle layout = chunked_layout(chunk);
    if (fill_value == nullptr) {
      H5Pset_fill_time(layout.id(), H5D_FILL_TIME_NEVER);
    } else {
      H5Pset_fill_value(layout.id(), type, fill_value);
    }
    const Handle links = creating_groups();
    const std::vector<hsize_t> extents(shape.begin(), shape.end());
    const Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose);
    data_set =
        Handle(H5Dcreate2(file_.id(), path.c_str(), type, space.id(), links.id(), layout.id(), H5P_DEFAULT),
               H5Dclose);
    if (!data_set) fail(path + " cannot be created");
  });
  return data_set;
}

template <class Value>
void FileWriter::write_part(const std::string& path, const std::vector<std::int64_t>& shape,
                            std::int64_t first_row, std::int64_t rows, const Value* values) {
  if (shape.empty() || element_count(shape) < 0 || first_row < 0 || first_row + rows > shape[0]) {
    throw std::invalid_argument("rows outside the shape " + shape_text(shape) + " of " + path);
  }
  const Selection selection = select_rows(shape, first_row, rows);
  const Handle data_set =
      create(path, native_type<Value>(), shape, chunk_extents(shape, shape, sizeof(Value)), nullptr);
  if (element_count(shape) > 0) write_selection(path, data_set, native_type<Value>(), selection, values);
}

void FileWriter::write_selection(const std::string& path, const Handle& data_set, std::int64_t type,
                                 const Selection& selection, const void* values) {
  communicator_.together([&] {
    const Handle transfer = collective_transfer();
    if (H5Dwrite(data_set.id(), type, selection.memory_space.id(), selection.file_space.id(), transfer.id(),
                 values) < 0) {
      fail(path);
    }
  });
}

void FileWriter::write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                                  std::span<const float> values) {
  write_part(path, shape, 0, communicator_.is_root() ? shape.at(0) : 0, values.data());
}

void FileWriter::write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                                  std::span<const double> values) {
  write_part(path, shape, 0, communicator_.is_root() ? shape.at(0) : 0, values.data());
}

void FileWriter::write_replicated(const std::string& path, const std::vector<std::int64_t>& shape,
                                  std::span<const std::int64_t> values) {
  write_part(path, shape, 0, communicator_.is_root() ? shape.at(0) : 0, values.data());
}

void FileWriter::write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                            std::int64_t first_row, std::span<const float> values) {
  write_part(path, shape_of_rows(global_rows, columns), first_row, row_count(values, columns), values.data());
}

void FileWriter::write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                            std::int64_t first_row, std::span<const double> values) {
  write_part(path, shape_of_rows(global_rows, columns), first_row, row_count(values, columns), values.data());
}

void FileWriter::write_rows(const std::string& path, std::int64_t global_rows, std::int64_t columns,
                            std::int64_t first_row, std::span<const std::int64_t> values) {
  write_part(path, shape_of_rows(global_rows, columns), first_row, row_count(values, columns), values.data());
}

void FileWriter::write_text(const std::string& path, const std::string& text) {
  const bool is_short = text.size() <= longest_compact_text;
  const Handle type = text_type(text.size());
  reserve(static_cast<std::int64_t>(text.size()));
  Handle data_set;
  communicator_.together([&] {
    const std::vector<hsize_t> one = {1};
    const Handle space(is_short ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, one.data(), nullptr), H5Sclose);
    const Handle layout = is_short ? Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose) : chunked_layout({1});
    H5Pset_fill_time(layout.id(), H5D_FILL_TIME_NEVER);
    if (is_short) H5Pset_layout(layout.id(), H5D_COMPACT);  // in the object header, which has a checksum
    const Handle links = creating_groups();
    data_set = Handle(
        H5Dcreate2(file_.id(), path.c_str(), type.id(), space.id(), links.id(), layout.id(), H5P_DEFAULT),
        H5Dclose);
    if (!data_set) fail(path + " cannot be created");
  });
  communicator_.together([&] {
    // HDF5 demands that all ranks write a compact data set, with the same value; of a chunk, one rank
    // suffices.
    const Handle transfer = collective_transfer();
    const Handle space(H5Dget_space(data_set.id()), H5Sclose);
    if (!is_short && !communicator_.is_root()) H5Sselect_none(space.id());
    if (H5Dwrite(data_set.id(), type.id(), space.id(), space.id(), transfer.id(), text.c_str()) < 0)
      fail(path);
  });
}

void FileWriter::write_attribute(const std::string& object, const std::string& name, std::int64_t type,
                                 const Handle& space, const void* data) {
  reserve(static_cast<std::int64_t>(H5Tget_size(type)) * H5Sget_simple_extent_npoints(space.id()));
  communicator_.together([&] {
    if (!object_exists(file_.id(), object)) {
      const Handle links = creating_groups();
      const Handle group(H5Gcreate2(file_.id(), object.c_str(), links.id(), H5P_DEFAULT, H5P_DEFAULT),
                         H5Gclose);
      if (!group) fail("group " + object);
    }
    const Handle attribute(H5Acreate_by_name(file_.id(), object.c_str(), name.c_str(), type, space.id(),
                                             H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    if (!attribute || H5Awrite(attribute.id(), type, data) < 0) fail("attribute " + name + " of " + object);
  });
}

void FileWriter::write_attribute(const std::string& object, const ScaleAttribute& attribute) {
  write_attribute(object, attribute.name, attribute.type.id(), attribute.space, attribute.data.data());
}

void FileWriter::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  write_attribute(object, name, H5T_NATIVE_INT64, Handle(H5Screate(H5S_SCALAR), H5Sclose), &value);
}

void FileWriter::attribute(const std::string& object, const std::string& name, double value) {
  write_attribute(object, name, H5T_NATIVE_DOUBLE, Handle(H5Screate(H5S_SCALAR), H5Sclose), &value);
}

void FileWriter::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Handle type = text_type(value.size());
  write_attribute(object, name, type.id(), Handle(H5Screate(H5S_SCALAR), H5Sclose), value.c_str());
}

void FileWriter::attribute(const std::string& object, const std::string& name,
                           const std::vector<double>& values) {
  const hsize_t extent = values.size();
  write_attribute(object, name, H5T_NATIVE_DOUBLE, Handle(H5Screate_simple(1, &extent, nullptr), H5Sclose),
                  values.data());
}

void FileWriter::read_back() const {
  try {
    const Handle file = open_for_reading(temporary_);
    read_every_data_set({file.id(), temporary_}, communicator_.rank(), communicator_.size());
  } catch (const core::FileError& error) {
    throw core::FileError("cannot write " + path_ + " (what was written does not read back: " + error.what() +
                          "); check the disk, its free space and that all nodes see the same folder");
  }
}

void FileWriter::close() {
  for (const auto& [path, dimension] : dimensions_) {
    if (dimension.uses.empty()) continue;
    ScaleAttribute list;
    communicator_.together([&] { list = reference_list(file_.id(), dimension.uses); });
    write_attribute(path, list);
  }
  communicator_.together([&] {
    for (auto& [path, blocks] : blocks_) {
      if (blocks.data_set.close() < 0) fail(path + " cannot be closed");
    }
    blocks_.clear();
    if (H5Fflush(file_.id(), H5F_SCOPE_GLOBAL) < 0) fail("the last data cannot be written");
    if (file_.close() < 0) fail("the file cannot be closed");
  });
}

void FileWriter::commit() {
  close();
  communicator_.together([&] { read_back(); });
  communicator_.together([&] {
    if (communicator_.is_root()) publish_file(temporary_, path_);
  });
  committed_ = true;
}

}  // namespace ebmpi::io
