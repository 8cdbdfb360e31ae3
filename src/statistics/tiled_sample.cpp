// SPDX-License-Identifier: Apache-2.0
#include "statistics/tiled_sample.hpp"

#include <stdexcept>

namespace ebmpi::statistics {

TiledSample::TiledSample(std::span<const double> rows, std::int64_t dimension)
    : rows_(dimension > 0 ? static_cast<std::int64_t>(rows.size()) / dimension : 0), dimension_(dimension) {
  if (rows_ < 2 || static_cast<std::size_t>(rows_ * dimension) != rows.size())
    throw std::invalid_argument("whole rows, at least two");
  values_.resize(static_cast<std::size_t>(tiles() * dimension * lanes));
  for (std::int64_t row = 0; row < rows_; ++row) {
    double* const column = values_.data() + row / lanes * dimension * lanes + row % lanes;
    for (std::int64_t d = 0; d < dimension; ++d) column[d * lanes] = rows[row * dimension + d];
  }
}

}  // namespace ebmpi::statistics
