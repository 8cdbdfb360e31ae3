// SPDX-License-Identifier: Apache-2.0
#include "statistics/power_spectrum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace ebmpi::statistics {
namespace {

using Complex = std::complex<double>;

/// Element i to the place whose number has the bits of i in reverse.
void reverse_bits(std::vector<Complex>& values) {
  const std::size_t size = values.size();
  for (std::size_t i = 1, reversed = 0; i < size; ++i) {
    std::size_t bit = size >> 1;
    for (; (reversed & bit) != 0; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (i < reversed) std::swap(values[i], values[reversed]);
  }
}

/// The discrete Fourier transform, without a factor, of a power of two of values (Cooley and Tukey 1965,
/// doi:10.1090/S0025-5718-1965-0178586-1).
void transform(std::vector<Complex>& values) {
  const std::size_t size = values.size();
  std::vector<Complex> roots(size / 2);
  for (std::size_t k = 0; k < roots.size(); ++k)
    roots[k] = std::polar(1.0, -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size));
  reverse_bits(values);
  for (std::size_t half = 1; half < size; half *= 2) {
    const std::size_t stride = size / (2 * half);
    for (std::size_t first = 0; first < size; first += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        const Complex root = roots[k * stride], odd = values[first + half + k];
        const Complex turned(root.real() * odd.real() - root.imag() * odd.imag(),
                             root.real() * odd.imag() + root.imag() * odd.real());
        values[first + half + k] = values[first + k] - turned;
        values[first + k] += turned;
      }
    }
  }
}

}  // namespace

LaggedProducts::LaggedProducts(std::size_t length)
    : length_(length), power_(std::bit_ceil(2 * length), 0.0) {}

void LaggedProducts::add(std::span<const double> x) {
  std::vector<Complex> values(power_.size());
  std::copy(x.begin(), x.end(), values.begin());
  transform(values);
  for (std::size_t k = 0; k < values.size(); ++k) power_[k] += std::norm(values[k]);
}

/// The spectrum of a real sequence is even, and so the inverse transform is the transform.
std::vector<double> LaggedProducts::sums() {
  std::vector<Complex> values(power_.begin(), power_.end());
  transform(values);
  std::vector<double> result(length_);
  for (std::size_t lag = 0; lag < length_; ++lag)
    result[lag] = values[lag].real() / static_cast<double>(power_.size());
  return result;
}

}  // namespace ebmpi::statistics
