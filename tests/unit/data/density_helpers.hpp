// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "data/synthetic.hpp"

namespace ebmpi::data {

/// A mean over samples and its standard error.
struct Estimate {
  double mean = 0.0;
  double standard_error = 0.0;
};

template <class Function>
Estimate sample_mean(const Density& density, std::uint64_t seed, std::int64_t count, Function&& value_of) {
  const auto width = static_cast<std::size_t>(density.dimension());
  std::vector<double> x(static_cast<std::size_t>(count) * width);
  density.sample(seed, 0, count, x);
  double sum = 0.0, square_sum = 0.0;
  for (std::size_t row = 0; row < x.size(); row += width) {
    const double value = value_of(std::span<const double>(x).subspan(row, width));
    sum += value;
    square_sum += value * value;
  }
  const double n = static_cast<double>(count);
  const double mean = sum / n;
  return {mean, std::sqrt((square_sum / n - mean * mean) / n)};
}

/// Calls visit(x, y, p(x, y)) for the midpoints of a grid of `cells` × `cells` on [-half_width, half_width]².
template <class Visit>
void for_grid(const Density& density, double half_width, int cells, Visit&& visit) {
  const double step = 2.0 * half_width / cells;
  for (int i = 0; i < cells; ++i) {
    for (int j = 0; j < cells; ++j) {
      const double point[2] = {(i + 0.5) * step - half_width, (j + 0.5) * step - half_width};
      visit(point[0], point[1], std::exp(*density.log_density(point)));
    }
  }
}

}  // namespace ebmpi::data
