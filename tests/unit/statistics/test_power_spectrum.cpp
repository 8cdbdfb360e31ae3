// SPDX-License-Identifier: Apache-2.0
#include "statistics/power_spectrum.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/numbers.hpp"

using ebmpi::statistics::LaggedProducts;

TEST_CASE("lagged products by transforms are the sums by definition", "[statistics][power_spectrum]") {
  for (const std::size_t length : {1u, 2u, 3u, 64u, 100u, 1000u}) {
    LaggedProducts products(length);
    std::vector<double> expected(length, 0.0);
    for (const std::uint32_t seed : {1u, 2u, 3u}) {
      const std::vector<double> x = ebmpi::test::arbitrary_numbers(length, seed, 2.0);
      products.add(x);
      for (std::size_t lag = 0; lag < length; ++lag)
        for (std::size_t i = 0; i + lag < length; ++i) expected[lag] += x[i] * x[i + lag];
    }
    const std::vector<double> sums = products.sums();
    for (std::size_t lag = 0; lag < length; ++lag)
      CHECK(std::abs(sums[lag] - expected[lag]) < 1e-13 * static_cast<double>(4 * length));
  }
}
