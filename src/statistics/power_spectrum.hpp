// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ebmpi::statistics {

/// Lagged products Σ_i x_i x_{i+lag} of sequences of one length n at all lags at once, summed over the
/// sequences: O(n log n) for each, by Fourier transforms (Wiener and Khinchin).
class LaggedProducts {
public:
  /// `length` n >= 1.
  explicit LaggedProducts(std::size_t length);

  /// Adds a sequence (n).
  void add(std::span<const double> x);
  /// (n), lags 0 to n - 1. To be called once, after the last sequence.
  std::vector<double> sums();

private:
  std::size_t length_;
  std::vector<double> power_;  // of all sequences, padded with zeros to twice their length at least
};

}  // namespace ebmpi::statistics
