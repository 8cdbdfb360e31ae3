// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::core {

/// The activation functions of a network. The last two are not smooth. `quadratic` is z²/2: one hidden layer
/// of it is the energy of a Gaussian.
enum class Activation { silu, tanh, softplus, gelu, sin, quadratic, relu, leaky_relu };

/// Whether φ'' exists everywhere, as objectives of order 1 and 2 need.
constexpr bool is_smooth(Activation activation) {
  return activation != Activation::relu && activation != Activation::leaky_relu;
}

}  // namespace ebmpi::core
