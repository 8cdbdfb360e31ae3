// SPDX-License-Identifier: Apache-2.0
#include "sampling/chain_box.hpp"

#include "core/to_device.hpp"

namespace ebmpi::sampling {

template <class Scalar>
ChainBox<Scalar> widened_box(double share, std::vector<double> minimum, std::vector<double> maximum) {
  if (share < 0.0) return {};
  for (std::size_t d = 0; d < minimum.size(); ++d) {
    const double margin = share * (maximum[d] - minimum[d]);
    minimum[d] -= margin;
    maximum[d] += margin;
  }
  return {core::to_device<Scalar>(minimum, "ebmpi::sampling::box_minimum"),
          core::to_device<Scalar>(maximum, "ebmpi::sampling::box_maximum")};
}

template <class Scalar>
void put_inside(const core::Rows<Scalar>& x, const ChainBox<Scalar>& box) {
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, x.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::put_inside", policy, KOKKOS_LAMBDA(std::int64_t row) {
        for (std::size_t d = 0; d < x.extent(1); ++d)
          x(row, d) = Kokkos::min(Kokkos::max(x(row, d), box.minimum(d)), box.maximum(d));
      });
}

template ChainBox<float> widened_box(double, std::vector<double>, std::vector<double>);
template ChainBox<double> widened_box(double, std::vector<double>, std::vector<double>);
template void put_inside(const core::Rows<float>&, const ChainBox<float>&);
template void put_inside(const core::Rows<double>&, const ChainBox<double>&);

}  // namespace ebmpi::sampling
