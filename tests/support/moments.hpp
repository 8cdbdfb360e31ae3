// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace ebmpi::test {

/// The mean of some numbers and its standard error, from their spread.
struct Estimate {
  double mean = 0;
  double error = 0;

  /// Whether the mean is within `errors` standard errors of `expected`.
  bool agrees(double expected, double errors = 4) const { return std::abs(mean - expected) < errors * error; }
};

inline Estimate estimate(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) square += (value - mean) * (value - mean) / (count - 1);
  return {mean, std::sqrt(square / count)};
}

/// Mean of the products of two sequences.
template <class Scalar>
Estimate mean_product(const std::vector<Scalar>& a, const std::vector<Scalar>& b) {
  std::vector<double> products;
  for (std::size_t i = 0; i < a.size(); ++i)
    products.push_back(static_cast<double>(a[i]) * static_cast<double>(b[i]));
  return estimate(products);
}

/// How far the columns of values (N, D) are from E[vvᵀ] = I, each entry in units of the standard error that
/// independent columns give it.
struct SecondMoments {
  double worst_diagonal = 0, worst_other = 0;
  double mean_square_of_others = 0;  ///< 1 where the columns are uncorrelated
  double pairs = 0;
};

/// `fourth`: E[v⁴] of one coordinate, so that the variance of v² is fourth - 1.
template <class Scalar>
SecondMoments second_moments(const std::vector<Scalar>& values, std::size_t dimension, double fourth) {
  const std::size_t rows = values.size() / dimension;
  std::vector<double> sums(dimension * dimension);
  for (std::size_t row = 0; row < rows; ++row) {
    const Scalar* const v = &values[row * dimension];
    for (std::size_t i = 0; i < dimension; ++i) {
      for (std::size_t j = 0; j <= i; ++j)
        sums[i * dimension + j] += static_cast<double>(v[i]) * static_cast<double>(v[j]);
    }
  }
  SecondMoments result;
  const auto count = static_cast<double>(rows);
  for (std::size_t i = 0; i < dimension; ++i) {
    const double diagonal = std::abs(sums[i * dimension + i] / count - 1);
    result.worst_diagonal =
        std::fmax(result.worst_diagonal, fourth > 1 ? diagonal / std::sqrt((fourth - 1) / count) : diagonal);
    for (std::size_t j = 0; j < i; ++j) {
      const double other = sums[i * dimension + j] / std::sqrt(count);
      result.worst_other = std::fmax(result.worst_other, std::abs(other));
      result.mean_square_of_others += other * other;
      result.pairs += 1;
    }
  }
  if (result.pairs > 0) result.mean_square_of_others /= result.pairs;
  return result;
}

}  // namespace ebmpi::test
