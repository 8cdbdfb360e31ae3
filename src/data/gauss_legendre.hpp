// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace ebmpi::data {

/// Calls visit(t, weight) for the nodes of the composite Gauss–Legendre rule with 8 nodes on each of `panels`
/// equal parts of [first, last]; exact for polynomials of degree 15 on each part. Nodes: Abramowitz and
/// Stegun 1964, table 25.4.
template <class Visit>
void for_gauss_legendre(double first, double last, std::int64_t panels, Visit&& visit) {
  static constexpr std::array<double, 4> node = {0.183434642495649805, 0.525532409916328986,
                                                 0.796666477413626740, 0.960289856497536232};
  static constexpr std::array<double, 4> weight = {0.362683783378361983, 0.313706645877887287,
                                                   0.222381034453374471, 0.101228536290376259};
  const double half = 0.5 * (last - first) / static_cast<double>(panels);
  for (std::int64_t panel = 0; panel < panels; ++panel) {
    const double centre = first + half * static_cast<double>(2 * panel + 1);
    for (std::size_t i = 0; i < node.size(); ++i) {
      visit(centre - half * node[i], half * weight[i]);
      visit(centre + half * node[i], half * weight[i]);
    }
  }
}

}  // namespace ebmpi::data
