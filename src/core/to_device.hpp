// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

#include "core/pack.hpp"

namespace ebmpi::core {

/// A device copy of host values, (N), each converted to `Value`.
template <class Value, class From>
Kokkos::View<Value*, MemorySpace> to_device(const std::vector<From>& values, const char* label) {
  const Kokkos::View<Value*, MemorySpace> device(label, values.size());
  const auto host = Kokkos::create_mirror_view(device);
  for (std::size_t i = 0; i < values.size(); ++i) host(i) = static_cast<Value>(values[i]);
  Kokkos::deep_copy(device, host);
  return device;
}

}  // namespace ebmpi::core
