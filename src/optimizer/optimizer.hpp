// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/pack.hpp"

namespace ebmpi::optimizer {

enum class Kind { adam, sgd };

/// Adam (Kingma and Ba 2015, arXiv 1412.6980) or stochastic gradient descent with momentum (Polyak 1964).
struct Settings {
  Kind kind = Kind::adam;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.0;
};

/// Updates a flat parameter buffer (P) along a gradient; elementwise, so that every rank finds the same bits.
template <class Scalar>
class Optimizer {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  Optimizer(Settings settings, std::int64_t parameters);

  /// Step number `step` (from 1) with the given learning rate.
  void update(std::int64_t step, double learning_rate, const Buffer& gradient,
              const Buffer& parameters) const;

  /// The state that a checkpoint holds, by name.
  const std::vector<std::pair<std::string, Buffer>>& state() const { return state_; }

private:
  Settings settings_;
  std::vector<std::pair<std::string, Buffer>> state_;
};

/// average ← decay · average + (1 - decay) · parameters.
template <class Scalar>
void update_average(double decay, const Kokkos::View<Scalar*, core::MemorySpace>& parameters,
                    const Kokkos::View<Scalar*, core::MemorySpace>& average);

}  // namespace ebmpi::optimizer
