// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/random.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

/// Where chains that start from noise start: an independent normal distribution for each coordinate, with the
/// mean and the standard deviation of the data in model space.
template <class Scalar>
struct StartDistribution {
  Kokkos::View<const Scalar*, core::MemorySpace> mean;   // (D)
  Kokkos::View<const Scalar*, core::MemorySpace> scale;  // (D)

  /// Writes the start of chain `number` at `step` to row `row` of `x` (N, D).
  KOKKOS_INLINE_FUNCTION void operator()(core::PhiloxKey key, std::int64_t number, std::uint32_t step,
                                         const core::Rows<Scalar>& x, std::int64_t row) const {
    const int dimension = static_cast<int>(x.extent(1));
    for (int first = 0; first < dimension; first += 4) {
      // Draw 0 is left for the decision to restart.
      const core::PhiloxBlock bits = core::draw(key, number, step, static_cast<std::uint32_t>(1 + first / 4));
      double normal[4];
      core::normal_pair(bits.word[0], bits.word[1], normal[0], normal[1]);
      core::normal_pair(bits.word[2], bits.word[3], normal[2], normal[3]);
      for (int d = first; d < dimension && d < first + 4; ++d) {
        x(row, d) = mean(d) + scale(d) * static_cast<Scalar>(normal[d - first]);
      }
    }
  }
};

}  // namespace ebmpi::sampling
