// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "core/devices.hpp"

namespace ebmpi::comm {

/// Whether several ranks may compute on one GPU. They then take turns, each slower than alone, unless
/// NVIDIA's multi-process service (MPS) or a cut of the GPU into parts is behind it.
enum class DeviceSharing { refused, allowed };

/// Which device each rank of a node takes, as a number in its own list: `seen[i]` are the names of the
/// devices that the i-th rank of the node sees, equal names being the same hardware. Ranks that see the same
/// list take it in order; ranks that a scheduler gave a device each (all number 0, under different names)
/// keep them; lists that overlap are matched. Empty where some rank would have to share with another and may
/// not, or sees no device at all. Shared devices get ranks as evenly as their order allows.
std::vector<int> assign_devices(std::span<const std::vector<std::string>> seen, DeviceSharing sharing);

/// The number of the device that this rank takes, where it sees `own` and the others of its node what they
/// say. Collective. Throws core::InputError on every rank where a rank of any node sees no GPU, or ranks
/// would have to share one and may not.
int agree_on_device(const Communicator& communicator, const core::VisibleDevices& own, DeviceSharing sharing);

/// The device on which this rank is to start Kokkos; nothing on a build for CPUs. Sharing is allowed where
/// the variable EBMPI_SHARE_GPUS is 1. Collective, with the errors of agree_on_device.
std::optional<int> choose_device(const Communicator& communicator);

}  // namespace ebmpi::comm
