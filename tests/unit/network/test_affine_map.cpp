// SPDX-License-Identifier: Apache-2.0
#include "network/affine_map.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

using ebmpi::network::AffineMap;
using ebmpi::network::compose;

TEST_CASE("maps compose as functions do", "[network][affine_map]") {
  const AffineMap scaled = AffineMap::diagonal({2.0, -0.5}, {1.0, 3.0});
  const AffineMap wide = AffineMap::dense(2, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {0.1, 0.2, 0.3});
  const AffineMap narrow = AffineMap::dense(3, {1.0, -1.0, 2.0, 0.5, 0.0, 1.0}, {7.0, 8.0});
  const std::vector<double> x{0.3, -1.7};
  const auto check = [&](const AffineMap& outer, const AffineMap& inner) {
    const std::vector<double> got = compose(outer, inner)(x), want = outer(inner(x));
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - want[i]) < 1e-14 * 100);
  };
  check(scaled, scaled);
  check(wide, scaled);
  check(narrow, wide);
  check(scaled, compose(narrow, wide));
  CHECK(compose(scaled, scaled).matrix.empty());
  CHECK(AffineMap::identity(4).is_identity());
  CHECK_FALSE(scaled.is_identity());
  CHECK_THROWS_AS(compose(wide, wide), std::invalid_argument);
  CHECK_THROWS_AS(AffineMap::dense(2, {1.0}, {0.0}), std::invalid_argument);
}
