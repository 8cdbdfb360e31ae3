// SPDX-License-Identifier: Apache-2.0
#include "statistics/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ebmpi::statistics {

Estimate mean_of(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("at least one value");
  const auto count = static_cast<double>(values.size());
  double sum = 0.0, squares = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (count - 1.0) / count)};
}

Estimate undefined_estimate() {
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  return {undefined, undefined};
}

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

}  // namespace ebmpi::statistics
