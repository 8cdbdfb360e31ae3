// SPDX-License-Identifier: Apache-2.0
#include "statistics/stein_discrepancy.hpp"

#include <cmath>
#include <stdexcept>

#include "statistics/row_values.hpp"
#include "statistics/tiled_sample.hpp"

namespace ebmpi::statistics {
namespace {

using Lane = TiledSample::Lane;

/// A sample (N, D) with its scores.
struct ScoredTiles {
  TiledSample x, scores;
};

/// u(x, y) for the rows y of a tile. With q = c² + |x-y|² it is
///   s(x)·s(y) q^-½ + [(s(x) - s(y))·(x - y) + D] q^-3/2 - 3 |x-y|² q^-5/2.
void stein_kernel(const double* x, const double* score_of_x, const ScoredTiles& sample, std::int64_t tile,
                  double squared_length, Lane& result) {
  const std::int64_t dimension = sample.x.dimension();
  Lane squares{}, products{}, slopes{};
  for (std::int64_t d = 0; d < dimension; ++d) {
    const double* const y = sample.x.tile(tile) + d * TiledSample::lanes;
    const double* const score_of_y = sample.scores.tile(tile) + d * TiledSample::lanes;
    for (std::int64_t lane = 0; lane < TiledSample::lanes; ++lane) {
      const double difference = x[d] - y[lane];
      squares[lane] += difference * difference;
      products[lane] += score_of_x[d] * score_of_y[lane];
      slopes[lane] += (score_of_x[d] - score_of_y[lane]) * difference;
    }
  }
  for (std::int64_t lane = 0; lane < TiledSample::lanes; ++lane) {
    const double inverse = 1.0 / (squared_length + squares[lane]);
    const double trace = static_cast<double>(dimension) - 3.0 * squares[lane] * inverse;
    result[lane] = std::sqrt(inverse) * (products[lane] + inverse * (slopes[lane] + trace));
  }
}

}  // namespace

Estimate kernel_stein_discrepancy(const comm::Communicator& communicator, std::span<const double> x,
                                  std::span<const double> scores, std::int64_t dimension, double length) {
  if (x.size() != scores.size()) throw std::invalid_argument("one score for each row");
  const ScoredTiles sample{{x, dimension}, {scores, dimension}};
  if (!all_finite(x) || !all_finite(scores)) return undefined_estimate();
  if (!(length > 0.0)) throw std::invalid_argument("a positive length");
  const Estimate projection = mean_of(row_values(communicator, sample.x.rows(), [&](std::int64_t i) {
    const std::size_t offset = static_cast<std::size_t>(i * dimension);
    const double sum = sample.x.sum_of_terms(i, [&](std::int64_t tile, Lane& terms) {
      stein_kernel(x.data() + offset, scores.data() + offset, sample, tile, length * length, terms);
    });
    return sum / static_cast<double>(sample.x.rows() - 1);
  }));
  return {projection.value, 2.0 * projection.standard_error};
}

}  // namespace ebmpi::statistics
