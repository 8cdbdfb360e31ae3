// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

#include "core/pack.hpp"
#include "optimizer/matrix_slice.hpp"

namespace ebmpi::optimizer {

/// Coefficients of the penalties ½ λ ‖w‖² and λ₁ ‖w‖₁ on the weights; each is 0 or positive, and its product
/// with every learning rate below 1.
struct RegularizerSettings {
  double weight_decay = 0.0;  ///< λ
  double l1 = 0.0;            ///< λ₁
};

/// Shrinks weight matrices after the optimizer's update, whose moments never see the penalty; biases stay as
/// they are. Elementwise, so that every rank finds the same bits.
template <class Scalar>
class WeightRegularizer {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  WeightRegularizer(RegularizerSettings settings, std::vector<MatrixSlice> matrices);

  /// With the step's learning rate η: decay w ← w - η λ w (Loshchilov and Hutter 2019, arXiv 1711.05101),
  /// then the proximal map of η λ₁ |w|, the soft threshold w ← sign(w) max(|w| - η λ₁, 0) (Parikh and Boyd
  /// 2014, doi:10.1561/2400000003). Launches nothing where both coefficients are 0.
  void apply(double learning_rate, const Buffer& parameters) const;

private:
  RegularizerSettings settings_;
  std::vector<MatrixSlice> matrices_;
};

}  // namespace ebmpi::optimizer
