// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ebmpi::core {

/// The GPUs that this process may use. On a build for CPUs there are none and nothing is asked.
struct VisibleDevices {
  /// One name for each, in the order of the device numbers: equal names on one node are the same piece of
  /// hardware, whatever number it goes by.
  std::vector<std::string> names;
  std::string problem;  ///< what the driver says where it gives none; empty otherwise
};

/// Asks the driver of the GPUs that the kernels are built for, before Kokkos starts (which aborts where there
/// is none).
VisibleDevices visible_devices();

/// Whether kernels run on a GPU, and whose: "NVIDIA", "AMD", or "" on a build for CPUs.
const char* device_vendor();

}  // namespace ebmpi::core
