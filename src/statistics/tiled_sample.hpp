// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ebmpi::statistics {

/// A sample (N, D) cut into tiles of 64 rows, feature-major with the row innermost, so that a loop over the
/// rows of a tile becomes vector instructions. Lanes beyond the last row are 0.
class TiledSample {
public:
  static constexpr std::int64_t lanes = 64;
  /// One number for each row of a tile.
  struct alignas(64) Lane : std::array<double, lanes> {};

  /// `rows` (N, D), row-major. Throws std::invalid_argument where it is not whole rows, at least two.
  TiledSample(std::span<const double> rows, std::int64_t dimension);

  std::int64_t rows() const { return rows_; }
  std::int64_t dimension() const { return dimension_; }
  std::int64_t tiles() const { return (rows_ + lanes - 1) / lanes; }
  /// (D, lanes)
  const double* tile(std::int64_t number) const { return values_.data() + number * dimension_ * lanes; }

  /// Σ_j term_j over all rows but `left_out` (-1: over all), where fill(tile, terms) writes the terms of the
  /// rows of a tile. Always added in the same order.
  template <class Fill>
  double sum_of_terms(std::int64_t left_out, const Fill& fill) const {
    Lane sums{}, terms;
    for (std::int64_t number = 0; number < tiles(); ++number) {
      fill(number, terms);
      const std::int64_t first = number * lanes;
      if (left_out >= first && left_out < first + lanes) terms[left_out - first] = 0.0;
      const std::int64_t count = rows_ - first < lanes ? rows_ - first : lanes;
      for (std::int64_t lane = 0; lane < count; ++lane) sums[lane] += terms[lane];
    }
    double sum = 0.0;
    for (const double of_lane : sums) sum += of_lane;
    return sum;
  }

private:
  std::int64_t rows_, dimension_;
  std::vector<double> values_;  // (tiles, D, lanes)
};

/// |x - y|² for the rows y of a tile (D, lanes).
inline void squared_distances(const double* x, const double* tile, std::int64_t dimension,
                              TiledSample::Lane& result) {
  result = {};
  for (std::int64_t d = 0; d < dimension; ++d) {
    const double* const y = tile + d * TiledSample::lanes;
    for (std::int64_t lane = 0; lane < TiledSample::lanes; ++lane) {
      const double difference = x[d] - y[lane];
      result[lane] += difference * difference;
    }
  }
}

}  // namespace ebmpi::statistics
