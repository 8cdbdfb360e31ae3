// SPDX-License-Identifier: Apache-2.0
#include "statistics/sliced_wasserstein.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/random.hpp"
#include "statistics/row_values.hpp"
#include "statistics/tiled_sample.hpp"

namespace ebmpi::statistics {
namespace {

/// (D), uniform on the sphere: independent normal numbers, scaled.
std::vector<double> unit_vector(core::PhiloxKey key, std::int64_t slice, std::int64_t dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  std::vector<double> normal((size + 3) / 4 * 4);
  for (std::size_t d = 0; d < normal.size(); d += 4) {
    const core::PhiloxBlock block =
        core::draw(key, static_cast<std::uint64_t>(slice), 0, static_cast<std::uint32_t>(d / 4));
    core::normal_pair(block.word[0], block.word[1], normal[d], normal[d + 1]);
    core::normal_pair(block.word[2], block.word[3], normal[d + 2], normal[d + 3]);
  }
  normal.resize(size);
  double square = 0.0;
  for (const double number : normal) square += number * number;
  const double length = std::sqrt(square);
  for (double& number : normal) number /= length;
  return normal;
}

/// u·x of all rows, ascending.
std::vector<double> sorted_projections(const TiledSample& sample, const std::vector<double>& direction) {
  std::vector<double> result(static_cast<std::size_t>(sample.tiles() * TiledSample::lanes));
  for (std::int64_t number = 0; number < sample.tiles(); ++number) {
    double* const sums = result.data() + number * TiledSample::lanes;
    const double* column = sample.tile(number);
    for (const double component : direction) {
      for (std::int64_t lane = 0; lane < TiledSample::lanes; ++lane) sums[lane] += component * column[lane];
      column += TiledSample::lanes;
    }
  }
  result.resize(static_cast<std::size_t>(sample.rows()));
  std::sort(result.begin(), result.end());
  return result;
}

/// ∫ (F⁻¹(q) - G⁻¹(q))² dq of the empirical distributions of ascending x (N) and y (M). Mass is counted in
/// units of 1/(N M), in which the steps of both lie at integers.
double squared_transport(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<std::int64_t>(x.size()), m = static_cast<std::int64_t>(y.size());
  double sum = 0.0;
  for (std::int64_t i = 0, j = 0, moved = 0; moved < n * m;) {
    const std::int64_t end_of_x = (i + 1) * m, end_of_y = (j + 1) * n;
    const std::int64_t end = std::min(end_of_x, end_of_y);
    const double difference = x[i] - y[j];
    sum += static_cast<double>(end - moved) * difference * difference;
    moved = end;
    if (end == end_of_x) ++i;
    if (end == end_of_y) ++j;
  }
  return sum / (static_cast<double>(n) * static_cast<double>(m));
}

}  // namespace

Estimate sliced_wasserstein(const comm::Communicator& communicator, std::span<const double> x,
                            std::span<const double> y, std::int64_t dimension,
                            const SliceSettings& settings) {
  if (settings.slices < 2) throw std::invalid_argument("at least two slices");
  const TiledSample tiles_of_x(x, dimension), tiles_of_y(y, dimension);
  if (!all_finite(x) || !all_finite(y)) return undefined_estimate();
  const core::PhiloxKey key = core::stream_key(settings.seed, core::Purpose::slices);
  const Estimate square = mean_of(row_values(communicator, settings.slices, [&](std::int64_t slice) {
    const std::vector<double> direction = unit_vector(key, slice, dimension);
    return squared_transport(sorted_projections(tiles_of_x, direction),
                             sorted_projections(tiles_of_y, direction));
  }));
  const double root = std::sqrt(square.value);
  return {root, root > 0.0 ? square.standard_error / (2.0 * root) : 0.0};
}

}  // namespace ebmpi::statistics
