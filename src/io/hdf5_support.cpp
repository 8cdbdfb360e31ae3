// SPDX-License-Identifier: Apache-2.0
#include "io/hdf5_support.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"

namespace ebmpi::io {

#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
#define EBMPI_HAS_FILE_LOCKING_PROPERTY 1
#endif

namespace {

herr_t keep_innermost(unsigned depth, const H5E_error2_t* error, void* text) {
  if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

struct DataSetVisit {
  std::int64_t file;
  std::vector<std::string> paths;
};

herr_t visit_link(hid_t, const char* name, const H5L_info_t* link, void* data) {
  if (link->type != H5L_TYPE_HARD) return 0;
  auto& visit = *static_cast<DataSetVisit*>(data);
  const std::string path = std::string("/") + name;
  const Handle object(H5Oopen(visit.file, path.c_str(), H5P_DEFAULT), H5Oclose);
  if (!object) return -1;
  if (H5Iget_type(object.id()) == H5I_DATASET) visit.paths.push_back(path);
  return 0;
}

std::string file_name(std::int64_t file) {
  std::string name(static_cast<std::size_t>(std::max<ssize_t>(0, H5Fget_name(file, nullptr, 0))), ' ');
  H5Fget_name(file, name.data(), name.size() + 1);
  return name;
}

void require_readable(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  char first_byte = 0;
  const bool readable = descriptor >= 0 && ::read(descriptor, &first_byte, 1) >= 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!readable) {
    throw core::FileError("cannot read " + file + " (" + std::strerror(reason) +
                          "); check the path and its permissions");
  }
}

}  // namespace

void prepare_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
#ifndef EBMPI_HAS_FILE_LOCKING_PROPERTY
  ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
#endif
}

std::string hdf5_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &text);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text == "filter returned failure during read")
    return "a checksum does not match, or decompression failed";
  return text.empty() ? "HDF5 gives no reason" : text;
}

Handle file_access_without_locks() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#ifdef EBMPI_HAS_FILE_LOCKING_PROPERTY
  H5Pset_file_locking(access.id(), false, true);
#endif
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  return access;
}

Handle open_for_reading(const std::string& file) {
  const Hdf5Lock lock;
  prepare_hdf5();
  require_readable(file);
  const Handle access = file_access_without_locks();
  Handle opened(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!opened) {
    throw core::FileError("cannot open " + file + " (not an HDF5 file, or a damaged or truncated one: " +
                          hdf5_reason() + "); name an HDF5 file, or copy it again from where it is intact");
  }
  return opened;
}

bool object_exists(std::int64_t file, const std::string& path) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    end = std::min(path.find('/', end), path.size());
    const std::string prefix = path.substr(0, end);
    if (prefix == "/" || prefix.empty()) continue;
    if (H5Lexists(file, prefix.c_str(), H5P_DEFAULT) <= 0) return false;
    if (H5Oexists_by_name(file, prefix.c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return true;
}

std::vector<std::string> data_set_paths(std::int64_t file) {
  DataSetVisit visit{file, {}};
  if (H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit_link, &visit) < 0) {
    const std::string reason = hdf5_reason();
    throw core::FileError("the contents of " + file_name(file) + " cannot be listed (" + reason +
                          "); the file is damaged, copy it again or use another");
  }
  std::sort(visit.paths.begin(), visit.paths.end());
  return visit.paths;
}

std::vector<std::string> describe_data_sets(std::int64_t file, std::size_t most) {
  std::vector<std::string> texts;
  for (const std::string& path : data_set_paths(file)) {
    if (texts.size() == most) break;
    const Handle data_set(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
    const Handle space(data_set ? H5Dget_space(data_set.id()) : -1, H5Sclose);
    texts.push_back(path + (space ? " " + shape_text(shape_of_space(space.id())) : ""));
  }
  return texts;
}

std::vector<std::int64_t> shape_of_space(std::int64_t space) {
  const int dimensions = std::max(0, H5Sget_simple_extent_ndims(space));
  std::vector<hsize_t> extents(dimensions);
  if (dimensions > 0) H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  return {extents.begin(), extents.end()};
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent == 0) return 0;
    if (extent < 0 || count > most / extent) return -1;
    count *= extent;
  }
  return count;
}

}  // namespace ebmpi::io
