// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "network/mlp.hpp"
#include "support/activation_definitions.hpp"

namespace ebmpi::test {

/// The outputs of an MLP at one sample with nothing but loops.
inline std::vector<double> plain_outputs(const network::MlpShape& shape,
                                         const std::vector<double>& parameters, std::vector<double> h) {
  std::size_t at = 0;
  for (int layer = 0; layer < shape.layers(); ++layer) {
    const std::size_t in = h.size(), out = static_cast<std::size_t>(shape.layer_outputs(layer));
    std::vector<double> z(out);
    for (std::size_t row = 0; row < out; ++row) {
      for (std::size_t i = 0; i < in; ++i) z[row] += parameters[at + row * in + i] * h[i];
    }
    at += in * out;
    for (std::size_t row = 0; row < out; ++row) z[row] += parameters[at + row];
    at += out;
    if (layer + 1 < shape.layers()) {
      for (double& value : z) value = activation_definition(shape.activation, value);
    }
    h = z;
  }
  return h;
}

/// f'(0) from f(-2h) … f(2h) in `at`, by central differences: error h⁴/30 · fifth derivative + 1e-16/h.
inline double central_slope(const double* at, double h) {
  return (8 * (at[3] - at[1]) - (at[4] - at[0])) / (12 * h);
}

/// f''(0) likewise: error h⁴/90 · sixth derivative + 3e-16/h².
inline double central_curvature(const double* at, double h) {
  return (16 * (at[3] + at[1]) - (at[4] + at[0]) - 30 * at[2]) / (12 * h * h);
}

/// f'(0) of a function of one number.
template <class Function>
double slope_of(const Function& function, double h) {
  return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h);
}

}  // namespace ebmpi::test
