// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

namespace ebmpi::core {

/// A host copy of a contiguous view of any rank, in the order of its memory.
template <class View>
std::vector<typename View::non_const_value_type> to_host(const View& view) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
  return {host.data(), host.data() + host.size()};
}

}  // namespace ebmpi::core
