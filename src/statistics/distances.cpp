// SPDX-License-Identifier: Apache-2.0
#include "statistics/distances.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "core/error.hpp"
#include "statistics/row_values.hpp"
#include "statistics/tiled_sample.hpp"

namespace ebmpi::statistics {
namespace {

/// e^x for x <= 0 to about one unit in the last place, without branches or tables, so that a loop over it is
/// vector instructions; below -708, where e^x is about to lose its digits, e^-708. x = k ln 2 + r: k is added
/// to the exponent, and e^r is its Taylor polynomial, whose remainder r¹⁴/14! is below 2⁻⁵⁷.
double exp_of_negative(double x) {
  constexpr double rounding_shift = 0x1.8p52;  // leaves an integer in the low bits of the sum
  constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  const double bounded = x > -708.0 ? x : -708.0;
  const double shifted = bounded * 1.44269504088896340736 + rounding_shift;
  const double k = shifted - rounding_shift;
  const double r = (bounded - k * ln2_high) - k * ln2_low;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(p) +
                               (std::bit_cast<std::uint64_t>(shifted) << 52));
}

/// E k(x,x') + E k(y,y') - 2 E k(x,y) for k = kernel(|x-y|²).
template <class Kernel>
Estimate two_samples(const comm::Communicator& communicator, std::span<const double> x,
                     std::span<const double> y, std::int64_t dimension, const Kernel& kernel) {
  const TiledSample tiles_of_x(x, dimension), tiles_of_y(y, dimension);
  const auto mean_kernel = [&](const double* row, const TiledSample& sample, std::int64_t left_out) {
    const double sum = sample.sum_of_terms(left_out, [&](std::int64_t number, TiledSample::Lane& terms) {
      squared_distances(row, sample.tile(number), dimension, terms);
      for (double& term : terms) term = kernel(term);
    });
    return sum / static_cast<double>(left_out < 0 ? sample.rows() : sample.rows() - 1);
  };
  const std::int64_t n = tiles_of_x.rows(), m = tiles_of_y.rows();
  const std::vector<double> projections = row_values(communicator, n + m, [&](std::int64_t i) {
    const bool is_x = i < n;
    const std::int64_t own = is_x ? i : i - n;
    const double* const row = (is_x ? x : y).data() + own * dimension;
    return mean_kernel(row, is_x ? tiles_of_x : tiles_of_y, own) -
           mean_kernel(row, is_x ? tiles_of_y : tiles_of_x, -1);
  });
  const std::span<const double> all(projections);
  const Estimate of_x = mean_of(all.first(static_cast<std::size_t>(n)));
  const Estimate of_y = mean_of(all.last(static_cast<std::size_t>(m)));
  return {of_x.value + of_y.value, 2.0 * std::hypot(of_x.standard_error, of_y.standard_error)};
}

std::span<const double> first_rows(std::span<const double> x, std::int64_t dimension) {
  constexpr std::size_t most = 1000;
  return x.first(std::min(x.size(), most * static_cast<std::size_t>(dimension)));
}

}  // namespace

double median_distance(std::span<const double> x, std::span<const double> y, std::int64_t dimension) {
  const std::span<const double> of_x = first_rows(x, dimension), of_y = first_rows(y, dimension);
  std::vector<double> rows(of_x.begin(), of_x.end());
  rows.insert(rows.end(), of_y.begin(), of_y.end());
  const TiledSample sample(rows, dimension);
  if (!all_finite(rows)) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> squares;
  squares.reserve(static_cast<std::size_t>(sample.rows() * (sample.rows() - 1) / 2));
  TiledSample::Lane distances;
  for (std::int64_t i = 1; i < sample.rows(); ++i) {  // with the rows before it
    for (std::int64_t number = 0; number * TiledSample::lanes < i; ++number) {
      squared_distances(rows.data() + i * dimension, sample.tile(number), dimension, distances);
      const std::int64_t count = std::min(i - number * TiledSample::lanes, TiledSample::lanes);
      squares.insert(squares.end(), distances.begin(), distances.begin() + count);
    }
  }
  const auto middle = squares.begin() + static_cast<std::ptrdiff_t>((squares.size() - 1) / 2);
  std::nth_element(squares.begin(), middle, squares.end());
  if (*middle == 0.0)
    throw core::InputError(
        "the median distance between rows is 0 (half of the pairs or more are equal); give the length of the "
        "kernel");
  return std::sqrt(*middle);
}

double median_distance(std::span<const double> x, std::int64_t dimension) {
  return median_distance(x, {}, dimension);
}

Estimate maximum_mean_discrepancy(const comm::Communicator& communicator, std::span<const double> x,
                                  std::span<const double> y, std::int64_t dimension, double bandwidth) {
  if (!all_finite(x) || !all_finite(y)) return undefined_estimate();
  if (!(bandwidth > 0.0)) throw std::invalid_argument("a positive bandwidth");
  const double scale = -0.5 / (bandwidth * bandwidth);
  return two_samples(communicator, x, y, dimension,
                     [scale](double square) { return exp_of_negative(scale * square); });
}

Estimate energy_distance(const comm::Communicator& communicator, std::span<const double> x,
                         std::span<const double> y, std::int64_t dimension) {
  if (!all_finite(x) || !all_finite(y)) return undefined_estimate();
  return two_samples(communicator, x, y, dimension, [](double square) { return -std::sqrt(square); });
}

}  // namespace ebmpi::statistics
