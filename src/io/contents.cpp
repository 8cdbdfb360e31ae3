// SPDX-License-Identifier: Apache-2.0
#include "io/contents.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/block_layout.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/local_read.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {
namespace {

std::string type_name(std::int64_t type) {
  const std::string bits = std::to_string(8 * H5Tget_size(type));
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return "float" + bits;
    case H5T_INTEGER:
      return (H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int") + bits;
    case H5T_STRING:
      return "string";
    default:
      return "other";
  }
}

DataSetSummary summary_of(const OpenFile& file, const std::string& path) {
  const OpenDataSet data_set = open_data_set(file, path);
  const Handle type(H5Dget_type(data_set.handle.id()), H5Tclose);
  const H5T_class_t type_class = H5Tget_class(type.id());
  return {path, data_set.shape, type_name(type.id()), type_class == H5T_FLOAT || type_class == H5T_INTEGER};
}

herr_t collect_name(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

/// A scalar attribute of the root group; nothing for an array or another type.
std::optional<AttributeSummary> attribute_of(const OpenFile& file, const std::string& name) {
  const Handle attribute(H5Aopen(file.id, name.c_str(), H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (element_count(shape_of_space(space.id())) != 1) return std::nullopt;
  AttributeSummary summary{name, "", std::nullopt, std::nullopt};
  switch (H5Tget_class(type.id())) {
    case H5T_STRING:
      summary.text = read_text_attribute(file, "/", name);
      return summary;
    case H5T_INTEGER:
      summary.integer = read_number_attribute<std::int64_t>(file, "/", name).front();
      return summary;
    case H5T_FLOAT:
      summary.real = read_number_attribute<double>(file, "/", name).front();
      return summary;
    default:
      return std::nullopt;
  }
}

}  // namespace

FileContents look_into(const std::string& file) {
  const Hdf5Lock lock;
  const Handle handle = open_for_reading(file);
  const OpenFile open{handle.id(), file};
  FileContents contents;
  for (const std::string& path : data_set_paths(open.id))
    contents.data_sets.push_back(summary_of(open, path));
  std::vector<std::string> names;
  H5Aiterate2(open.id, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (const auto attribute = attribute_of(open, name)) contents.attributes.push_back(*attribute);
  }
  return contents;
}

NumberRange number_range(const std::string& file, const std::string& data_set) {
  constexpr std::int64_t piece_numbers = std::int64_t{1} << 20;
  const Hdf5Lock lock;
  const Handle handle = open_for_reading(file);
  const OpenFile open{handle.id(), file};
  const OpenDataSet opened = open_data_set(open, data_set);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  NumberRange range{infinity, -infinity, 0, true};
  const auto chunk = stored_chunk(opened.handle.id(), opened.shape.size());
  visit_pieces(opened.shape, chunk, piece_numbers, [&](const auto& start, const auto& count) {
    for (const double value : read_block<double>(open, data_set, opened, start, count)) {
      if (!std::isfinite(value)) {
        ++range.not_finite;
        continue;
      }
      range.minimum = std::min(range.minimum, value);
      range.maximum = std::max(range.maximum, value);
      range.is_empty = false;
    }
  });
  return range;
}

}  // namespace ebmpi::io
