// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::core {

/// The activation functions of a network. The last two are not smooth. `quadratic` is z²/2: one hidden layer
/// of it is the energy of a Gaussian.
enum class Activation { silu, tanh, softplus, gelu, sin, quadratic, relu, leaky_relu };

}  // namespace ebmpi::core
