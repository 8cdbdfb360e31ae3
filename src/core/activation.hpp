// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::core {

/// The activation functions of a network. The last two are not smooth.
enum class Activation { silu, tanh, softplus, gelu, sin, relu, leaky_relu };

}  // namespace ebmpi::core
