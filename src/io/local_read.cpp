// SPDX-License-Identifier: Apache-2.0
#include "io/local_read.hpp"

#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "io/block_layout.hpp"
#include "io/hdf5_support.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

[[noreturn]] void throw_damaged(const OpenFile& file, const std::string& object, const std::string& reason) {
  throw core::FileError(file.path + ": " + object + " cannot be read (" + reason +
                        "); the file is damaged or was not written for this, use another");
}

/// A shape that the stored bytes cannot fill is damage, and must not be allocated.
void check_size(const OpenFile& file, const std::string& path, std::int64_t elements,
                std::int64_t element_bytes) {
  hsize_t file_bytes = 0;
  H5Fget_filesize(file.id, &file_bytes);
  const auto most = static_cast<std::int64_t>(file_bytes) * largest_compression_ratio;
  if (elements < 0 || elements > most / element_bytes) {
    throw_damaged(file, path, "its shape is far larger than the file");
  }
}

/// Memory for one value of any stored type; HDF5 allocates strings of varying length behind it.
std::vector<char> buffer_for(const OpenFile& file, const std::string& path, std::int64_t type,
                             std::int64_t elements) {
  const auto bytes = static_cast<std::int64_t>(H5Tget_size(type));
  if (bytes == 0) throw_damaged(file, path, hdf5_reason());
  check_size(file, path, elements, bytes);
  return std::vector<char>(static_cast<std::size_t>(elements * bytes));
}

/// The type in which a stored string is read: as stored if of fixed length, else a pointer.
struct TextType {
  Handle type;
  bool varies = false;
};

TextType text_type_of(const OpenFile& file, const std::string& object, Handle stored) {
  if (H5Tget_class(stored.id()) != H5T_STRING) throw_damaged(file, object, "it is not a string");
  const bool varies = H5Tis_variable_str(stored.id()) > 0;
  return {std::move(stored), varies};
}

/// Takes the text out of what HDF5 has filled, and frees what it has allocated.
std::string take_text(const TextType& type, std::int64_t space, std::vector<char>& buffer) {
  if (!type.varies) return std::string(buffer.data(), strnlen(buffer.data(), buffer.size()));
  const char* text = nullptr;
  std::memcpy(&text, buffer.data(), sizeof(text));
  const std::string copy = text == nullptr ? "" : text;
  H5Dvlen_reclaim(type.type.id(), space, H5P_DEFAULT, buffer.data());
  return copy;
}

Handle open_attribute(const OpenFile& file, const std::string& object, const std::string& name) {
  if (!attribute_exists(file, object, name))
    throw_damaged(file, "attribute " + name + " of " + object, "it is missing");
  Handle attribute(H5Aopen_by_name(file.id, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                   H5Aclose);
  if (!attribute) throw_damaged(file, "attribute " + name + " of " + object, hdf5_reason());
  return attribute;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

bool is_number(std::int64_t type) {
  const H5T_class_t type_class = H5Tget_class(type);
  return type_class == H5T_FLOAT || type_class == H5T_INTEGER;
}

}  // namespace

OpenDataSet open_data_set(const OpenFile& file, const std::string& path) {
  if (!object_exists(file.id, path)) throw_damaged(file, path, "it is missing");
  Handle data_set(H5Dopen2(file.id, path.c_str(), H5P_DEFAULT), H5Dclose);
  if (!data_set) throw_damaged(file, path, hdf5_reason());
  const Handle space(H5Dget_space(data_set.id()), H5Sclose);
  if (!space) throw_damaged(file, path, hdf5_reason());
  return {std::move(data_set), shape_of_space(space.id())};
}

template <class Value>
std::vector<Value> read_block(const OpenFile& file, const std::string& path, const OpenDataSet& data_set,
                              const std::vector<std::int64_t>& start,
                              const std::vector<std::int64_t>& count) {
  const Handle type(H5Dget_type(data_set.handle.id()), H5Tclose);
  if (!is_number(type.id())) throw_damaged(file, path, "it does not hold numbers");
  if (!is_inside(data_set.shape, start, count)) {
    throw_damaged(file, path,
                  "its shape is " + shape_text(data_set.shape) + ", and " + shape_text(count) + " from " +
                      shape_text(start) + " on are wanted");
  }
  const std::int64_t elements = element_count(count);
  check_size(file, path, elements, sizeof(Value));
  std::vector<Value> values(static_cast<std::size_t>(elements));
  if (elements == 0) return values;
  const Selection block = data_set.shape.empty() ? Selection{} : select_block(data_set.shape, start, count);
  const std::int64_t memory_space = block.memory_space ? block.memory_space.id() : H5S_ALL;
  const std::int64_t file_space = block.file_space ? block.file_space.id() : H5S_ALL;
  if (H5Dread(data_set.handle.id(), native_type<Value>(), memory_space, file_space, H5P_DEFAULT,
              values.data()) < 0) {
    throw_damaged(file, path, hdf5_reason());
  }
  return values;
}

template std::vector<float> read_block(const OpenFile&, const std::string&, const OpenDataSet&,
                                       const std::vector<std::int64_t>&, const std::vector<std::int64_t>&);
template std::vector<double> read_block(const OpenFile&, const std::string&, const OpenDataSet&,
                                        const std::vector<std::int64_t>&, const std::vector<std::int64_t>&);
template std::vector<std::int64_t> read_block(const OpenFile&, const std::string&, const OpenDataSet&,
                                              const std::vector<std::int64_t>&,
                                              const std::vector<std::int64_t>&);

template <class Value>
std::vector<Value> read_numbers(const OpenFile& file, const std::string& path, const OpenDataSet& data_set,
                                std::int64_t first, std::int64_t count) {
  const std::int64_t rows = data_set.shape.empty() ? 1 : data_set.shape[0];
  if (first < 0 || count < 0 || first + count > rows) {
    throw_damaged(file, path,
                  "it has " + std::to_string(rows) + " rows, and row " + std::to_string(first + count - 1) +
                      " is wanted");
  }
  std::vector<std::int64_t> start(data_set.shape.size(), 0);
  std::vector<std::int64_t> block = data_set.shape;
  if (!block.empty()) {
    start[0] = first;
    block[0] = count;
  } else if (count == 0) {
    return {};
  }
  return read_block<Value>(file, path, data_set, start, block);
}

template std::vector<float> read_numbers(const OpenFile&, const std::string&, const OpenDataSet&,
                                         std::int64_t, std::int64_t);
template std::vector<double> read_numbers(const OpenFile&, const std::string&, const OpenDataSet&,
                                          std::int64_t, std::int64_t);
template std::vector<std::int64_t> read_numbers(const OpenFile&, const std::string&, const OpenDataSet&,
                                                std::int64_t, std::int64_t);

std::string read_text_here(const OpenFile& file, const std::string& path) {
  const OpenDataSet data_set = open_data_set(file, path);
  const TextType type = text_type_of(file, path, Handle(H5Dget_type(data_set.handle.id()), H5Tclose));
  if (element_count(data_set.shape) != 1) throw_damaged(file, path, "it is not one string");
  std::vector<char> buffer = buffer_for(file, path, type.type.id(), 1);
  if (H5Dread(data_set.handle.id(), type.type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) {
    throw_damaged(file, path, hdf5_reason());
  }
  const Handle space(H5Dget_space(data_set.handle.id()), H5Sclose);
  return take_text(type, space.id(), buffer);
}

bool attribute_exists(const OpenFile& file, const std::string& object, const std::string& name) {
  return object_exists(file.id, object) &&
         H5Aexists_by_name(file.id, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

template <class Value>
std::vector<Value> read_number_attribute(const OpenFile& file, const std::string& object,
                                         const std::string& name) {
  const std::string full_name = "attribute " + name + " of " + object;
  const Handle attribute = open_attribute(file, object, name);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose);
  if (!is_number(type.id())) throw_damaged(file, full_name, "it is not a number");
  const Handle space(H5Aget_space(attribute.id()), H5Sclose);
  const std::int64_t elements = element_count(shape_of_space(space.id()));
  check_size(file, full_name, elements, sizeof(Value));
  std::vector<Value> values(static_cast<std::size_t>(elements));
  if (elements > 0 && H5Aread(attribute.id(), native_type<Value>(), values.data()) < 0) {
    throw_damaged(file, full_name, hdf5_reason());
  }
  return values;
}

template std::vector<double> read_number_attribute(const OpenFile&, const std::string&, const std::string&);
template std::vector<std::int64_t> read_number_attribute(const OpenFile&, const std::string&,
                                                         const std::string&);

std::string read_text_attribute(const OpenFile& file, const std::string& object, const std::string& name) {
  const std::string full_name = "attribute " + name + " of " + object;
  const Handle attribute = open_attribute(file, object, name);
  const TextType type = text_type_of(file, full_name, Handle(H5Aget_type(attribute.id()), H5Tclose));
  const Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (element_count(shape_of_space(space.id())) != 1) throw_damaged(file, full_name, "it is not one string");
  std::vector<char> buffer = buffer_for(file, full_name, type.type.id(), 1);
  if (H5Aread(attribute.id(), type.type.id(), buffer.data()) < 0)
    throw_damaged(file, full_name, hdf5_reason());
  return take_text(type, space.id(), buffer);
}

std::vector<std::string> link_names(const OpenFile& file, const std::string& group) {
  if (!object_exists(file.id, group)) throw_damaged(file, group, "it is missing");
  const Handle opened(H5Gopen2(file.id, group.c_str(), H5P_DEFAULT), H5Gclose);
  std::vector<std::string> names;
  if (!opened || H5Literate(opened.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names) < 0) {
    throw_damaged(file, group, hdf5_reason());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void read_every_data_set(const OpenFile& file, int part, int parts) {
  constexpr std::int64_t piece_bytes = std::int64_t{1} << 24;
  std::int64_t pieces = 0;
  const auto is_mine = [&] { return pieces++ % parts == part; };
  for (const std::string& path : data_set_paths(file.id)) {
    const OpenDataSet data_set = open_data_set(file, path);
    const Handle type(H5Dget_type(data_set.handle.id()), H5Tclose);
    if (H5Tget_class(type.id()) == H5T_STRING) {
      if (is_mine()) read_text_here(file, path);
      continue;
    }
    check_size(file, path, element_count(data_set.shape), sizeof(double));
    const auto chunk = stored_chunk(data_set.handle.id(), data_set.shape.size());
    visit_pieces(data_set.shape, chunk, piece_bytes / std::int64_t{sizeof(double)},
                 [&](const auto& start, const auto& count) {
                   if (is_mine()) read_block<double>(file, path, data_set, start, count);
                 });
  }
}

}  // namespace ebmpi::io
