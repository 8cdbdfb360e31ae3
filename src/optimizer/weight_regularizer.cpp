// SPDX-License-Identifier: Apache-2.0
#include "optimizer/weight_regularizer.hpp"

#include <utility>

namespace ebmpi::optimizer {

template <class Scalar>
WeightRegularizer<Scalar>::WeightRegularizer(RegularizerSettings settings, std::vector<MatrixSlice> matrices)
    : settings_(settings), matrices_(std::move(matrices)) {}

template <class Scalar>
void WeightRegularizer<Scalar>::apply(double learning_rate, const Buffer& parameters) const {
  if (settings_.weight_decay == 0.0 && settings_.l1 == 0.0) return;
  // The decay is subtracted rather than a factor applied: in float 1 - 1e-6 is 1 - 1.013e-6, for every
  // weight.
  const auto decay = static_cast<Scalar>(learning_rate * settings_.weight_decay);
  const auto threshold = static_cast<Scalar>(learning_rate * settings_.l1);
  for (const MatrixSlice& matrix : matrices_) {
    const Kokkos::RangePolicy<core::ExecutionSpace> policy(matrix.offset,
                                                           matrix.offset + matrix.rows * matrix.columns);
    Kokkos::parallel_for(
        "ebmpi::optimizer::shrink_weights", policy, KOKKOS_LAMBDA(std::int64_t i) {
          const Scalar weight = parameters(i) - decay * parameters(i);
          const Scalar rest = Kokkos::fabs(weight) - threshold;
          parameters(i) = rest < Scalar(0) ? Scalar(0) : Kokkos::copysign(rest, weight);  // NaN stays NaN
        });
  }
}

template class WeightRegularizer<float>;
template class WeightRegularizer<double>;

}  // namespace ebmpi::optimizer
