// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "io/dataset_name.hpp"

namespace ebmpi::io {

/// Which element types a data set may have.
enum class Elements { numbers, labels };

/// Collective. Shape (1-D or 2-D, not empty) of a data set of `elements`, found by rank 0 alone, so that all
/// ranks get the same answer or the same error: core::FileError or core::InputError.
std::vector<std::int64_t> probe_dataset(const comm::Communicator& communicator, const DatasetName& name,
                                        Elements elements);

/// Collective. Whether the file (which must be a readable HDF5 file) has that data set, as rank 0 finds it.
bool dataset_exists(const comm::Communicator& communicator, const DatasetName& name);

}  // namespace ebmpi::io
