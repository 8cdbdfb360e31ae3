// SPDX-License-Identifier: Apache-2.0
#include "io/dimension_scales.hpp"

#include <hdf5.h>

#include <cstddef>
#include <cstring>

#include "core/error.hpp"
#include "io/hdf5_support.hpp"

namespace ebmpi::io {

namespace {

static_assert(sizeof(hobj_ref_t) == sizeof(std::uint64_t));

/// An entry of REFERENCE_LIST.
struct Reference {
  std::uint64_t data_set;
  int axis;
};

std::uint64_t reference_to(std::int64_t file, const std::string& path) {
  std::uint64_t reference = 0;
  if (H5Rcreate(&reference, file, path.c_str(), H5R_OBJECT, -1) < 0) {
    throw core::FileError("no reference to " + path + " can be made (" + hdf5_reason() +
                          "); check that the disk has space left");
  }
  return reference;
}

/// The specification wants a terminating zero.
ScaleAttribute text_attribute(const std::string& name, const std::string& text) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), text.size() + 1);
  return {name,
          std::move(type),
          Handle(H5Screate(H5S_SCALAR), H5Sclose),
          std::vector<char>(text.c_str(), text.c_str() + text.size() + 1),
          {}};
}

template <class Entry>
ScaleAttribute list_attribute(const std::string& name, Handle type, const std::vector<Entry>& entries) {
  const hsize_t extent = entries.size();
  ScaleAttribute attribute{name,
                           std::move(type),
                           Handle(H5Screate_simple(1, &extent, nullptr), H5Sclose),
                           std::vector<char>(entries.size() * sizeof(Entry)),
                           {}};
  std::memcpy(attribute.data.data(), entries.data(), attribute.data.size());
  return attribute;
}

}  // namespace

std::vector<ScaleAttribute> scale_attributes(const std::string& name) {
  std::vector<ScaleAttribute> attributes;
  attributes.push_back(text_attribute("CLASS", "DIMENSION_SCALE"));
  attributes.push_back(text_attribute("NAME", name));
  return attributes;
}

ScaleAttribute dimension_list(std::int64_t file, const std::vector<std::string>& scales) {
  std::vector<std::uint64_t> references;
  for (const std::string& scale : scales) references.push_back(reference_to(file, scale));
  std::vector<hvl_t> entries;  // a dimension may have several scales; here it has one
  for (std::uint64_t& reference : references) entries.push_back({1, &reference});
  ScaleAttribute attribute =
      list_attribute("DIMENSION_LIST", Handle(H5Tvlen_create(H5T_STD_REF_OBJ), H5Tclose), entries);
  attribute.references = std::move(references);
  return attribute;
}

ScaleAttribute reference_list(std::int64_t file, const std::vector<ScaleUse>& uses) {
  Handle type(H5Tcreate(H5T_COMPOUND, sizeof(Reference)), H5Tclose);
  H5Tinsert(type.id(), "dataset", offsetof(Reference, data_set), H5T_STD_REF_OBJ);
  H5Tinsert(type.id(), "dimension", offsetof(Reference, axis), H5T_NATIVE_INT);
  std::vector<Reference> entries(uses.size());
  std::memset(entries.data(), 0, entries.size() * sizeof(Reference));  // padding goes to the file too
  for (std::size_t i = 0; i < uses.size(); ++i) {
    entries[i].data_set = reference_to(file, uses[i].data_set);
    entries[i].axis = uses[i].axis;
  }
  return list_attribute("REFERENCE_LIST", std::move(type), entries);
}

}  // namespace ebmpi::io
