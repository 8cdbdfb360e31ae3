// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>

namespace ebmpi::simulation {

/// Moves values[root] down the heap of the first `count` values until no child is larger.
KOKKOS_INLINE_FUNCTION void sink(double* values, std::int64_t root, std::int64_t count) {
  const double moved = values[root];
  for (std::int64_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
    if (child + 1 < count && values[child + 1] > values[child]) ++child;
    if (!(values[child] > moved)) break;
    values[root] = values[child];
    root = child;
  }
  values[root] = moved;
}

/// Heap sort (Williams 1964, doi:10.1145/512274.512284): in place and without recursion, for one thread of
/// any backend.
KOKKOS_INLINE_FUNCTION void sort_ascending(double* values, std::int64_t count) {
  for (std::int64_t root = count / 2; root-- > 0;) sink(values, root, count);
  for (std::int64_t end = count; end-- > 1;) {
    const double largest = values[0];
    values[0] = values[end];
    values[end] = largest;
    sink(values, 0, end);
  }
}

/// The quantile of ascending values, not empty, at `probability` in [0, 1], by linear interpolation between
/// the values at the whole ranks around probability · (count - 1), counted from 0.
KOKKOS_INLINE_FUNCTION double sorted_quantile(const double* values, std::int64_t count, double probability) {
  const double rank = probability * static_cast<double>(count - 1);
  const auto below = static_cast<std::int64_t>(rank);
  const std::int64_t above = below + 1 < count ? below + 1 : below;
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace ebmpi::simulation
