// SPDX-License-Identifier: Apache-2.0
#include "io/dataset_probe.hpp"

#include <array>
#include <string>

#include "core/error.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"

namespace ebmpi::io {

namespace {

[[noreturn]] void throw_missing(std::int64_t file, const DatasetName& name) {
  constexpr std::size_t most = 20;
  std::string list;
  for (const std::string& text : describe_data_sets(file, most)) list += (list.empty() ? "" : ", ") + text;
  throw core::InputError(name.file + " has no data set " + name.dataset +
                         (list.empty()
                              ? " (the file holds no data sets); write the samples to it as /x (N, D)"
                              : " (it has " + list + "); name one of these as FILE.h5:path"));
}

std::string class_name(H5T_class_t type_class) {
  switch (type_class) {
    case H5T_STRING:
      return "strings";
    case H5T_COMPOUND:
      return "compound records";
    case H5T_ENUM:
      return "enumerated or boolean values";
    case H5T_VLEN:
      return "sequences of varying length";
    case H5T_ARRAY:
      return "fixed-size arrays as elements";
    case H5T_REFERENCE:
      return "references";
    default:
      return "elements that are not numbers";
  }
}

void check_type(std::int64_t data_set, const DatasetName& name, Elements elements) {
  const Handle type(H5Dget_type(data_set), H5Tclose);
  const H5T_class_t type_class = H5Tget_class(type.id());
  if (elements == Elements::labels) {
    if (type_class == H5T_INTEGER || type_class == H5T_ENUM) return;
    const std::string held = type_class == H5T_FLOAT ? "floating-point numbers" : class_name(type_class);
    throw core::InputError(name.text() + " holds " + held +
                           " (labels are whole numbers); store them as integers, or rename the data set");
  }
  if (type_class == H5T_INTEGER || type_class == H5T_FLOAT) return;
  throw core::InputError(
      name.text() + " holds " + class_name(type_class) +
      " (samples are numbers); store them as float32, float64 or integers of shape (N, D)");
}

void check_shape(const std::vector<std::int64_t>& shape, const DatasetName& name) {
  if (shape.empty() || shape.size() > 2) {
    throw core::InputError(name.text() + " has " + std::to_string(shape.size()) + " dimensions, shape " +
                           shape_text(shape) +
                           " (rows are samples and columns are their components); reshape it to (N, D)");
  }
  if (element_count(shape) == 0) {
    throw core::InputError(name.text() + " is empty, shape " + shape_text(shape) +
                           " (there is nothing to read); write at least one row and one column");
  }
}

std::vector<std::int64_t> probe(const DatasetName& name, Elements elements) {
  const Hdf5Lock lock;
  const Handle file = open_for_reading(name.file);
  if (!object_exists(file.id(), name.dataset)) throw_missing(file.id(), name);
  const Handle data_set(H5Dopen2(file.id(), name.dataset.c_str(), H5P_DEFAULT), H5Dclose);
  if (!data_set) throw_missing(file.id(), name);
  const Handle space(H5Dget_space(data_set.id()), H5Sclose);
  if (!space) {
    throw core::FileError(name.text() + " cannot be opened (" + hdf5_reason() +
                          "); the file is damaged, copy it again");
  }
  const auto shape = shape_of_space(space.id());
  check_type(data_set.id(), name, elements);
  check_shape(shape, name);
  return shape;
}

}  // namespace

std::vector<std::int64_t> probe_dataset(const comm::Communicator& communicator, const DatasetName& name,
                                        Elements elements) {
  std::array<std::int64_t, 3> found{};  // number of dimensions, then the extents
  communicator.together([&] {
    if (!communicator.is_root()) return;
    const auto shape = probe(name, elements);
    found = {static_cast<std::int64_t>(shape.size()), shape.front(), shape.back()};
  });
  communicator.broadcast(std::span<std::int64_t>(found));
  return found[0] == 1 ? std::vector{found[1]} : std::vector{found[1], found[2]};
}

bool dataset_exists(const comm::Communicator& communicator, const DatasetName& name) {
  std::int64_t found = 0;
  communicator.together([&] {
    const Hdf5Lock lock;
    if (communicator.is_root()) found = object_exists(open_for_reading(name.file).id(), name.dataset) ? 1 : 0;
  });
  communicator.broadcast(std::span(&found, 1));
  return found != 0;
}

}  // namespace ebmpi::io
