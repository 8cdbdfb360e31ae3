// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::test {

inline simulation::Context context(std::int64_t first_number = 0, std::uint32_t step = 7) {
  return {core::stream_key(20250611, core::Purpose::simulation), step, first_number};
}

/// (n, d), all rows equal.
inline std::vector<double> repeated(const std::vector<double>& theta, std::int64_t rows) {
  std::vector<double> result;
  for (std::int64_t row = 0; row < rows; ++row) result.insert(result.end(), theta.begin(), theta.end());
  return result;
}

/// x (n, D) of `rows` simulations at the same parameters.
inline std::vector<double> simulate_rows(simulation::Simulator& simulator, const std::vector<double>& theta,
                                         std::int64_t rows, std::int64_t first_number = 0) {
  std::vector<double> x(static_cast<std::size_t>(rows * simulator.columns()));
  simulator.simulate(context(first_number), repeated(theta, rows), x);
  return x;
}

/// Column `index` of rows of `width` numbers.
inline std::vector<double> column(const std::vector<double>& x, std::size_t width, std::size_t index) {
  std::vector<double> values;
  for (std::size_t i = index; i < x.size(); i += width) values.push_back(x[i]);
  return values;
}

/// Squares of deviations from a known mean: their average estimates the variance.
inline std::vector<double> squares_about(std::vector<double> values, double mean) {
  for (double& value : values) value = (value - mean) * (value - mean);
  return values;
}

}  // namespace ebmpi::test
