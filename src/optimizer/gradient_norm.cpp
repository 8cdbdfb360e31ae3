// SPDX-License-Identifier: Apache-2.0
#include "optimizer/gradient_norm.hpp"

#include <cmath>

namespace ebmpi::optimizer {
namespace {
constexpr std::int64_t block_size = 1024;
}

template <class Scalar>
GradientNorm<Scalar>::GradientNorm(std::int64_t size)
    : partial_("ebmpi::optimizer::gradient_norm", (size + block_size - 1) / block_size),
      partial_host_(Kokkos::create_mirror_view(partial_)) {}

template <class Scalar>
double GradientNorm<Scalar>::operator()(const Buffer& gradient) const {
  const auto partial = partial_;
  const auto size = static_cast<std::int64_t>(gradient.extent(0));
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, partial.extent(0));
  Kokkos::parallel_for(
      "ebmpi::optimizer::gradient_norm", policy, KOKKOS_LAMBDA(std::int64_t block) {
        double sum = 0;
        const std::int64_t end = (block + 1) * block_size < size ? (block + 1) * block_size : size;
        for (std::int64_t i = block * block_size; i < end; ++i) {
          const double g = static_cast<double>(gradient(i));
          sum += g * g;
        }
        partial(block) = sum;
      });
  Kokkos::fence("ebmpi::optimizer::gradient_norm");
  Kokkos::deep_copy(partial_host_, partial_);
  double sum = 0;
  for (std::size_t block = 0; block < partial_host_.extent(0); ++block) sum += partial_host_(block);
  return std::sqrt(sum);
}

template <class Scalar>
void GradientNorm<Scalar>::clip(const Buffer& gradient, double norm, double bound) const {
  if (!(norm > bound)) return;
  const auto factor = static_cast<Scalar>(bound / norm);
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, gradient.extent(0));
  Kokkos::parallel_for(
      "ebmpi::optimizer::clip", policy, KOKKOS_LAMBDA(std::int64_t i) { gradient(i) *= factor; });
}

template class GradientNorm<float>;
template class GradientNorm<double>;

}  // namespace ebmpi::optimizer
