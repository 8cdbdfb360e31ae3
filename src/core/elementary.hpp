// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_BitManipulation.hpp>
#include <Kokkos_MathematicalFunctions.hpp>
#include <cstdint>

// Elementary functions without branches or tables, so that a compiler turns a loop over them into vector
// instructions. In single precision they are accurate to about 2 units in the last place (coefficients:
// Cephes library, S. L. Moshier 1992); in double precision, which is for verification, they are the standard
// library's.

namespace ebmpi::core {

namespace detail {
/// Adding this rounds a float below 2^22 in magnitude to an integer and leaves it in the low bits of the sum.
inline constexpr float rounding_shift = 12582912.0f;

/// x bounded to [-87, 87], where e^x is a normal number. The bound is put on the bits, as integers: on floats
/// it would cost a comparison and a blend, for NaN's sake, which becomes a number here.
KOKKOS_FORCEINLINE_FUNCTION float bounded_exponent(float x) {
  constexpr std::int32_t largest = 0x42ae0000;  // the bits of 87.0f
  const std::int32_t bits = Kokkos::bit_cast<std::int32_t>(x);
  std::int32_t magnitude = bits & 0x7fffffff;
  magnitude = magnitude > largest ? largest : magnitude;
  return Kokkos::bit_cast<float>(magnitude | (bits & ~0x7fffffff));
}
}  // namespace detail

/// e^x; in single precision the argument is bounded to [-87, 87], and infinite arguments give NaN.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar vector_exp(Scalar x) {
  if constexpr (sizeof(Scalar) == 8) {
    return Kokkos::exp(x);
  } else {
    const float bounded = detail::bounded_exponent(x);
    const float shifted = bounded * 1.44269504f + detail::rounding_shift;
    const float k = shifted - detail::rounding_shift;
    const float r = (bounded - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const std::int32_t exponent = Kokkos::bit_cast<std::int32_t>(shifted) << 23;
    // 0·x hands on a NaN, which the bound has lost.
    return 0.0f * x + Kokkos::bit_cast<float>(Kokkos::bit_cast<std::int32_t>(p) + exponent);
  }
}

/// 1 / (1 + e^-x). In single precision e^-x = 2^k · 2^f with a polynomial for 2^f (minimax in the relative
/// error, 2e-9) rather than vector_exp, whose reduction of the argument costs two more multiply-adds: its
/// relative error grows as 1.3e-8·|x|, which the sum with 1 hides where x > -1 and which is below that of x
/// itself beyond. Activations take a fifth of a narrow network's time, so they are counted in instructions.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar vector_sigmoid(Scalar x) {
  if constexpr (sizeof(Scalar) == 8) {
    return Scalar(1) / (Scalar(1) + Kokkos::exp(-x));
  } else {
    constexpr float log2_e = 1.44269504f;
    const float bounded = detail::bounded_exponent(x);
    const float shifted = bounded * -log2_e + detail::rounding_shift;
    const float k = shifted - detail::rounding_shift;
    const float f = bounded * -log2_e - k;
    float p = 1.53458124e-4f;
    p = p * f + 1.33999309e-3f;
    p = p * f + 9.61848907e-3f;
    p = p * f + 5.55032864e-2f;
    p = p * f + 2.40226462e-1f;
    p = p * f + 6.93147182e-1f;
    p = p * f + 1.0f;
    const std::int32_t exponent = Kokkos::bit_cast<std::int32_t>(shifted) << 23;
    const float power = Kokkos::bit_cast<float>(Kokkos::bit_cast<std::int32_t>(p) + exponent);
    // x - x hands on a NaN, which the bound has lost; a difference is cheaper than a product here.
    return 1.0f / (1.0f + power + (x - x));
  }
}

/// Natural logarithm of a positive, normal number.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar vector_log(Scalar x) {
  if constexpr (sizeof(Scalar) == 8) {
    return Kokkos::log(x);
  } else {
    // x = m · 2^k with m in [√½, √2).
    const std::int32_t bits = Kokkos::bit_cast<std::int32_t>(x) - 0x3f3504f3;
    const float k = static_cast<float>(bits >> 23);
    const float m = Kokkos::bit_cast<float>((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    const float square = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    p = p * m * square + k * -2.12194440e-4f - 0.5f * square;
    return m + p + k * 0.693359375f;
  }
}

namespace detail {
/// sin and cos of angle + quadrant·π/2 for |angle| ≤ π/4, single precision.
KOKKOS_FORCEINLINE_FUNCTION void sincos_in_quadrant(float angle, std::int32_t quadrant, float& sine,
                                                    float& cosine) {
  const float square = angle * angle;
  const float s =
      ((-1.9515295891e-4f * square + 8.3321608736e-3f) * square - 1.6666654611e-1f) * square * angle + angle;
  const float c =
      ((2.443315711809948e-5f * square - 1.388731625493765e-3f) * square + 4.166664568298827e-2f) * square *
          square -
      0.5f * square + 1.0f;
  const float swapped_sine = (quadrant & 1) ? c : s;
  const float swapped_cosine = (quadrant & 1) ? s : c;
  sine = (quadrant & 2) ? -swapped_sine : swapped_sine;
  cosine = ((quadrant + 1) & 2) ? -swapped_cosine : swapped_cosine;
}
}  // namespace detail

/// sin and cos of 2π·turns for turns in [0, 1].
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void vector_sincos_turns(Scalar turns, Scalar& sine, Scalar& cosine) {
  if constexpr (sizeof(Scalar) == 8) {
    const double angle = 6.283185307179586477 * turns;
    sine = Kokkos::sin(angle);
    cosine = Kokkos::cos(angle);
  } else {
    const float shifted = turns * 4.0f + detail::rounding_shift;
    const float angle = (turns - 0.25f * (shifted - detail::rounding_shift)) * 6.28318531f;
    detail::sincos_in_quadrant(angle, Kokkos::bit_cast<std::int32_t>(shifted) & 3, sine, cosine);
  }
}

/// sin(x) and cos(x); in single precision for |x| up to about 1e4.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void vector_sincos(Scalar x, Scalar& sine, Scalar& cosine) {
  if constexpr (sizeof(Scalar) == 8) {
    sine = Kokkos::sin(x);
    cosine = Kokkos::cos(x);
  } else {
    const float shifted = x * 0.636619772f + detail::rounding_shift;
    const float quarter = shifted - detail::rounding_shift;
    // π/2 in three parts, so that the reduced argument keeps its digits.
    const float angle =
        ((x - quarter * 1.5703125f) - quarter * 4.83751296997e-4f) - quarter * 7.54978995489e-8f;
    detail::sincos_in_quadrant(angle, Kokkos::bit_cast<std::int32_t>(shifted) & 3, sine, cosine);
  }
}

}  // namespace ebmpi::core
