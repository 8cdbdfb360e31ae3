// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ebmpi::io {

/// A data set inside an HDF5 file.
struct DatasetName {
  std::string file;
  std::string dataset = "/x";  ///< absolute path inside the file

  /// "FILE.h5:/train/x", as error messages name it.
  std::string text() const { return file + ":" + dataset; }
};

/// Parses "FILE.h5:train/x"; a file alone means its /x. The last colon counts, unless a file name ends behind
/// it
/// ("run:1/samples.h5" is a file). Throws core::InputError where the file or the data set is empty.
DatasetName parse_dataset_name(const std::string& text);

/// The data set `name` of `file`, with the leading slash supplied: dataset_in("f.h5", "train/x").
DatasetName dataset_in(const std::string& file, const std::string& dataset);

/// The labels that belong to a data set: `y` in the same group.
DatasetName labels_beside(const DatasetName& samples);

}  // namespace ebmpi::io
