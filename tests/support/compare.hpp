// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace ebmpi::test {

/// max_i |actual_i - expected_i| / max(1, |expected_i|); infinite where the sizes differ or a value is not a
/// number.
template <class Actual, class Expected>
double worst_error(const std::vector<Actual>& actual, const std::vector<Expected>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double want = static_cast<double>(expected[i]);
    const double error = std::abs(static_cast<double>(actual[i]) - want) / std::max(1.0, std::abs(want));
    if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }
  return worst;
}

}  // namespace ebmpi::test
