// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/activation.hpp"
#include "core/elementary.hpp"

namespace ebmpi::network {

using core::Activation;
using core::is_smooth;

/// Slope of the leaky rectifier for negative arguments.
inline constexpr double leaky_slope = 0.01;

namespace detail {

/// e^(-z²/2)/√(2π) and the normal distribution function; in single precision erf is Abramowitz and
/// Stegun 7.1.26, within 1.5e-7.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void normal_density_and_distribution(Scalar z, Scalar& density,
                                                                 Scalar& distribution) {
  const Scalar kernel = core::vector_exp(Scalar(-0.5) * z * z);
  density = kernel * Scalar(0.39894228040143267794);
  if constexpr (sizeof(Scalar) == 8) {
    distribution = Scalar(0.5) * Kokkos::erfc(-z * Scalar(0.70710678118654752440));
  } else {
    const Scalar x = Kokkos::abs(z) * Scalar(0.70710678118654752440);
    const Scalar t = Scalar(1) / (Scalar(1) + Scalar(0.3275911) * x);
    const Scalar polynomial =
        t *
        (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    const Scalar tail = Scalar(0.5) * polynomial * kernel;
    distribution = z > Scalar(0) ? Scalar(1) - tail : tail;
  }
}

template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar vector_tanh(Scalar z) {
  if constexpr (sizeof(Scalar) == 8) {
    return Kokkos::tanh(z);
  } else {
    return Scalar(2) * core::vector_sigmoid(Scalar(2) * z) - Scalar(1);
  }
}

/// log(1 + e^z) without overflow.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar vector_softplus(Scalar z) {
  const Scalar decay = core::vector_exp(-Kokkos::abs(z));
  const Scalar positive = z < Scalar(0) ? Scalar(0) : z;  // keeps a NaN, which vector_log would lose
  if constexpr (sizeof(Scalar) == 8) {
    return positive + Kokkos::log1p(decay);
  } else {
    return positive + core::vector_log(Scalar(1) + decay);
  }
}

}  // namespace detail

/// phi[0..Count-1] = φ(z), φ'(z), φ''(z), φ'''(z) as far as Count (1 to 4) asks.
template <Activation activation, int Count, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void activation_derivatives(Scalar z, Scalar (&phi)[Count]) {
  static_assert(Count >= 1 && Count <= 4);
  constexpr Scalar one = 1;
  if constexpr (activation == Activation::silu) {
    const Scalar s = core::vector_sigmoid(z);
    phi[0] = z * s;
    if constexpr (Count > 1) phi[1] = s + phi[0] * (one - s);
    const Scalar q = s * (one - s);
    if constexpr (Count > 2) phi[2] = q * (Scalar(2) + z * (one - Scalar(2) * s));
    if constexpr (Count > 3)
      phi[3] = q * (Scalar(3) * (one - Scalar(2) * s) + z * (one - Scalar(6) * s + Scalar(6) * s * s));
  } else if constexpr (activation == Activation::tanh) {
    const Scalar t = detail::vector_tanh(z);
    const Scalar slope = one - t * t;
    phi[0] = t;
    if constexpr (Count > 1) phi[1] = slope;
    if constexpr (Count > 2) phi[2] = Scalar(-2) * t * slope;
    if constexpr (Count > 3) phi[3] = slope * (Scalar(6) * t * t - Scalar(2));
  } else if constexpr (activation == Activation::softplus) {
    const Scalar s = core::vector_sigmoid(z);
    const Scalar q = s * (one - s);
    phi[0] = detail::vector_softplus(z);
    if constexpr (Count > 1) phi[1] = s;
    if constexpr (Count > 2) phi[2] = q;
    if constexpr (Count > 3) phi[3] = q * (one - Scalar(2) * s);
  } else if constexpr (activation == Activation::gelu) {
    Scalar density, distribution;
    detail::normal_density_and_distribution(z, density, distribution);
    phi[0] = z * distribution;
    if constexpr (Count > 1) phi[1] = distribution + z * density;
    if constexpr (Count > 2) phi[2] = density * (Scalar(2) - z * z);
    if constexpr (Count > 3) phi[3] = density * z * (z * z - Scalar(4));
  } else if constexpr (activation == Activation::sin) {
    Scalar sine, cosine;
    core::vector_sincos(z, sine, cosine);
    phi[0] = sine;
    if constexpr (Count > 1) phi[1] = cosine;
    if constexpr (Count > 2) phi[2] = -sine;
    if constexpr (Count > 3) phi[3] = -cosine;
  } else if constexpr (activation == Activation::quadratic) {
    phi[0] = Scalar(0.5) * z * z;
    if constexpr (Count > 1) phi[1] = z;
    if constexpr (Count > 2) phi[2] = one;
    if constexpr (Count > 3) phi[3] = 0;
  } else {
    const Scalar below = activation == Activation::relu ? Scalar(0) : Scalar(leaky_slope);
    const Scalar slope = z > Scalar(0) ? one : below;
    phi[0] = slope * z;
    if constexpr (Count > 1) phi[1] = slope;
    if constexpr (Count > 2) phi[2] = 0;
    if constexpr (Count > 3) phi[3] = 0;
  }
}

}  // namespace ebmpi::network
