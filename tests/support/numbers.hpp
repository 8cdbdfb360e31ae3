// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace ebmpi::test {

/// Numbers in (-bound, bound), rounded to float so that both precisions see the same ones. Made by the
/// standard library's Mersenne twister, not by the generator under test.
inline std::vector<double> arbitrary_numbers(std::size_t count, std::uint32_t seed, double bound = 1.0) {
  std::mt19937 engine(seed);
  std::vector<double> values(count);
  for (double& value : values) {
    value = static_cast<float>(bound * (2.0 * (static_cast<double>(engine()) + 0.5) / 4294967296.0 - 1.0));
  }
  return values;
}

}  // namespace ebmpi::test
