// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "core/activation.hpp"

namespace ebmpi::test {

/// φ(z) by its definition, from the standard library.
inline double activation_definition(core::Activation activation, double z) {
  using core::Activation;
  switch (activation) {
    case Activation::silu:
      return z / (1.0 + std::exp(-z));
    case Activation::tanh:
      return std::tanh(z);
    case Activation::softplus:
      return std::log1p(std::exp(z));
    case Activation::gelu:
      return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
    case Activation::sin:
      return std::sin(z);
    case Activation::quadratic:
      return z * z / 2.0;
    case Activation::relu:
      return z > 0 ? z : 0.0;
    case Activation::leaky_relu:
      return z > 0 ? z : 0.01 * z;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace ebmpi::test
