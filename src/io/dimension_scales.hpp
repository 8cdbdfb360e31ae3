// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/handle.hpp"

namespace ebmpi::io {

/// The attributes by which a one-dimensional data set, the scale, names a dimension of others: those of
/// HDF5's "Dimension Scale Specification" (The HDF Group), on which netCDF-4, and with it xarray, builds.
/// HDF5's own functions for them are in a library that is not installed beside every parallel HDF5.

/// Ready for H5Awrite.
struct ScaleAttribute {
  std::string name;
  Handle type;
  Handle space;
  std::vector<char> data;
  std::vector<std::uint64_t> references;  ///< that `data` points to
};

/// One dimension of a data set.
struct ScaleUse {
  std::string data_set;
  int axis = 0;
};

/// CLASS and NAME, of a scale.
std::vector<ScaleAttribute> scale_attributes(const std::string& name);

/// DIMENSION_LIST, of a data set: the paths of its scales, one for each of its dimensions. Throws
/// core::FileError, as the next one does.
ScaleAttribute dimension_list(std::int64_t file, const std::vector<std::string>& scales);

/// REFERENCE_LIST, of a scale: all its uses, at least one.
ScaleAttribute reference_list(std::int64_t file, const std::vector<ScaleUse>& uses);

}  // namespace ebmpi::io
