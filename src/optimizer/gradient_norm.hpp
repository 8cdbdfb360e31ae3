// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>

#include "core/pack.hpp"

namespace ebmpi::optimizer {

/// The Euclidean norm of a flat buffer (P), added in blocks of fixed size, so that its bits depend on no
/// thread count; and the scaling that bounds it.
template <class Scalar>
class GradientNorm {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  explicit GradientNorm(std::int64_t size);

  double operator()(const Buffer& gradient) const;
  /// Scales the gradient down to norm `bound` where its norm is larger. Pascanu, Mikolov, Bengio 2013, arXiv
  /// 1211.5063.
  void clip(const Buffer& gradient, double norm, double bound) const;

private:
  Kokkos::View<double*, core::MemorySpace> partial_;
  decltype(Kokkos::create_mirror_view(
      std::declval<Kokkos::View<double*, core::MemorySpace>>())) partial_host_;
};

}  // namespace ebmpi::optimizer
