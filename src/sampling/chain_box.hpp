// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

/// The box that chains stay in.
template <class Scalar>
struct ChainBox {
  Kokkos::View<const Scalar*, core::MemorySpace> minimum, maximum;  // (D); empty: none

  bool exists() const { return minimum.data() != nullptr; }
};

/// From `minimum` to `maximum` (D), widened at each end by `share` of their distance; none where share < 0.
template <class Scalar>
ChainBox<Scalar> widened_box(double share, std::vector<double> minimum, std::vector<double> maximum);

/// Puts those of x (N, D) that are outside on the border.
template <class Scalar>
void put_inside(const core::Rows<Scalar>& x, const ChainBox<Scalar>& box);

}  // namespace ebmpi::sampling
