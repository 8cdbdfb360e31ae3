// SPDX-License-Identifier: Apache-2.0
#include "network/affine_map.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ebmpi::network {

AffineMap AffineMap::identity(std::int64_t dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  return diagonal(std::vector<double>(size, 1.0), std::vector<double>(size, 0.0));
}

AffineMap AffineMap::diagonal(std::vector<double> scale, std::vector<double> shift) {
  if (scale.size() != shift.size()) throw std::invalid_argument("a scale and a shift for each coordinate");
  const auto inputs = static_cast<std::int64_t>(scale.size());
  return {inputs, std::move(scale), {}, std::move(shift)};
}

AffineMap AffineMap::dense(std::int64_t inputs, std::vector<double> matrix, std::vector<double> shift) {
  if (matrix.size() != shift.size() * static_cast<std::size_t>(inputs))
    throw std::invalid_argument("a matrix of as many rows as the shift has numbers");
  return {inputs, {}, std::move(matrix), std::move(shift)};
}

bool AffineMap::is_identity() const {
  return matrix.empty() && std::ranges::all_of(scale, [](double value) { return value == 1.0; }) &&
         std::ranges::all_of(shift, [](double value) { return value == 0.0; });
}

double AffineMap::element(std::int64_t row, std::int64_t column) const {
  if (matrix.empty()) return row == column ? scale[static_cast<std::size_t>(row)] : 0.0;
  return matrix[static_cast<std::size_t>(row * inputs + column)];
}

std::vector<double> AffineMap::operator()(const std::vector<double>& x) const {
  std::vector<double> result = shift;
  for (std::int64_t row = 0; row < outputs(); ++row) {
    double& sum = result[static_cast<std::size_t>(row)];
    if (matrix.empty()) {
      sum += scale[static_cast<std::size_t>(row)] * x[static_cast<std::size_t>(row)];
    } else {
      for (std::int64_t d = 0; d < inputs; ++d) sum += element(row, d) * x[static_cast<std::size_t>(d)];
    }
  }
  return result;
}

AffineMap compose(const AffineMap& outer, const AffineMap& inner) {
  if (outer.inputs != inner.outputs()) throw std::invalid_argument("maps whose dimensions do not meet");
  const std::vector<double> shift = outer(inner.shift);
  if (outer.matrix.empty() && inner.matrix.empty()) {
    std::vector<double> scale = outer.scale;
    for (std::size_t d = 0; d < scale.size(); ++d) scale[d] *= inner.scale[d];
    return AffineMap::diagonal(std::move(scale), shift);
  }
  std::vector<double> matrix;
  matrix.reserve(static_cast<std::size_t>(outer.outputs() * inner.inputs));
  for (std::int64_t row = 0; row < outer.outputs(); ++row) {
    for (std::int64_t column = 0; column < inner.inputs; ++column) {
      double sum = 0.0;
      for (std::int64_t k = 0; k < outer.inputs; ++k) sum += outer.element(row, k) * inner.element(k, column);
      matrix.push_back(sum);
    }
  }
  return AffineMap::dense(inner.inputs, std::move(matrix), shift);
}

}  // namespace ebmpi::network
