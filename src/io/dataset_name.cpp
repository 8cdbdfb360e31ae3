// SPDX-License-Identifier: Apache-2.0
#include "io/dataset_name.hpp"

#include "core/error.hpp"

namespace ebmpi::io {

DatasetName dataset_in(const std::string& file, const std::string& dataset) {
  return {file, dataset.starts_with('/') ? dataset : "/" + dataset};
}

DatasetName parse_dataset_name(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const bool is_file_name = text.ends_with(".h5") || text.ends_with(".hdf5");
  if (colon == std::string::npos || is_file_name) {
    if (text.empty())
      throw core::InputError("no data file is named (the text is empty); write FILE.h5 or FILE.h5:train/x");
    return {text, "/x"};
  }
  const DatasetName name = dataset_in(text.substr(0, colon), text.substr(colon + 1));
  if (name.file.empty() || name.dataset.ends_with('/')) {
    throw core::InputError(
        "'" + text + "' names no data set (a file and a path inside it belong around the colon); write " +
        "FILE.h5:train/x, or FILE.h5 alone for its /x");
  }
  return name;
}

DatasetName labels_beside(const DatasetName& samples) {
  return {samples.file, samples.dataset.substr(0, samples.dataset.rfind('/') + 1) + "y"};
}

}  // namespace ebmpi::io
