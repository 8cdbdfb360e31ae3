// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace ebmpi::test {

/// (rows, D), row-major, of N(mean, deviation² I), every coordinate of the mean the same. Made by the
/// standard library's generator, not by the one under test.
inline std::vector<double> gaussian_rows(std::size_t rows, std::size_t dimension, std::uint32_t seed,
                                         double mean = 0, double deviation = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<double> values(rows * dimension);
  for (double& value : values) value = normal(engine);
  return values;
}

}  // namespace ebmpi::test
