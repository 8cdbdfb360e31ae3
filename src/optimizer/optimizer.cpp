// SPDX-License-Identifier: Apache-2.0
#include "optimizer/optimizer.hpp"

#include <cmath>

namespace ebmpi::optimizer {

using core::ExecutionSpace;

template <class Scalar>
Optimizer<Scalar>::Optimizer(Settings settings, std::int64_t parameters) : settings_(settings) {
  if (settings.kind == Kind::adam) {
    state_.emplace_back("first_moment", Buffer("ebmpi::optimizer::first_moment", parameters));
    state_.emplace_back("second_moment", Buffer("ebmpi::optimizer::second_moment", parameters));
  } else {
    state_.emplace_back("momentum", Buffer("ebmpi::optimizer::momentum", parameters));
  }
}

namespace {

template <class Scalar>
void adam(const Settings& settings, std::int64_t step, double learning_rate,
          const Kokkos::View<Scalar*, core::MemorySpace>& gradient,
          const Kokkos::View<Scalar*, core::MemorySpace>& first,
          const Kokkos::View<Scalar*, core::MemorySpace>& second,
          const Kokkos::View<Scalar*, core::MemorySpace>& parameters) {
  const double count = static_cast<double>(step);
  const auto beta1 = static_cast<Scalar>(settings.beta1), beta2 = static_cast<Scalar>(settings.beta2);
  const auto rate = static_cast<Scalar>(learning_rate / (1.0 - std::pow(settings.beta1, count)));
  const auto correction = static_cast<Scalar>(1.0 / std::sqrt(1.0 - std::pow(settings.beta2, count)));
  const auto epsilon = static_cast<Scalar>(settings.epsilon);
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, parameters.extent(0));
  Kokkos::parallel_for(
      "ebmpi::optimizer::adam", policy, KOKKOS_LAMBDA(std::int64_t i) {
        const Scalar g = gradient(i);
        const Scalar m = beta1 * first(i) + (Scalar(1) - beta1) * g;
        const Scalar v = beta2 * second(i) + (Scalar(1) - beta2) * g * g;
        first(i) = m;
        second(i) = v;
        parameters(i) -= rate * m / (Kokkos::sqrt(v) * correction + epsilon);
      });
}

template <class Scalar>
void sgd(const Settings& settings, double learning_rate,
         const Kokkos::View<Scalar*, core::MemorySpace>& gradient,
         const Kokkos::View<Scalar*, core::MemorySpace>& velocity,
         const Kokkos::View<Scalar*, core::MemorySpace>& parameters) {
  const auto momentum = static_cast<Scalar>(settings.momentum);
  const auto rate = static_cast<Scalar>(learning_rate);
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, parameters.extent(0));
  Kokkos::parallel_for(
      "ebmpi::optimizer::sgd", policy, KOKKOS_LAMBDA(std::int64_t i) {
        velocity(i) = momentum * velocity(i) + gradient(i);
        parameters(i) -= rate * velocity(i);
      });
}

}  // namespace

template <class Scalar>
void Optimizer<Scalar>::update(std::int64_t step, double learning_rate, const Buffer& gradient,
                               const Buffer& parameters) const {
  if (settings_.kind == Kind::adam) {
    adam<Scalar>(settings_, step, learning_rate, gradient, state_[0].second, state_[1].second, parameters);
  } else {
    sgd<Scalar>(settings_, learning_rate, gradient, state_[0].second, parameters);
  }
}

template <class Scalar>
void update_average(double decay, const Kokkos::View<Scalar*, core::MemorySpace>& parameters,
                    const Kokkos::View<Scalar*, core::MemorySpace>& average) {
  const auto keep = static_cast<Scalar>(decay);
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, parameters.extent(0));
  Kokkos::parallel_for(
      "ebmpi::optimizer::average", policy,
      KOKKOS_LAMBDA(std::int64_t i) { average(i) = keep * average(i) + (Scalar(1) - keep) * parameters(i); });
}

template class Optimizer<float>;
template class Optimizer<double>;
template void update_average(double, const Kokkos::View<float*, core::MemorySpace>&,
                             const Kokkos::View<float*, core::MemorySpace>&);
template void update_average(double, const Kokkos::View<double*, core::MemorySpace>&,
                             const Kokkos::View<double*, core::MemorySpace>&);

}  // namespace ebmpi::optimizer
