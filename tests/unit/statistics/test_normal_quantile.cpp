// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "statistics/normal_quantile.hpp"

using Catch::Approx;
using ebmpi::statistics::normal_quantile;

TEST_CASE("The normal quantile inverts the distribution function of the standard library") {
  // P(Z < z) = erfc(-z/√2)/2. A relative error ε of P is one of ε P/φ(z) in z, which is below ε/|z| in the
  // tail.
  for (double z = -37.0; z < 0.0; z += 0.03125) {
    const double probability = 0.5 * std::erfc(-z * std::sqrt(0.5));
    CHECK(normal_quantile(probability) == Approx(z).epsilon(2e-14).margin(1e-15));
    if (z < -5.0) continue;  // above ½ the probabilities are coarse
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2.0 * M_PI);
    CHECK(normal_quantile(1.0 - probability) == Approx(-z).epsilon(2e-14).margin(2e-16 / density));
  }
}

TEST_CASE("Published quantiles, and the ends") {
  // Wichura 1988, section "Algorithm AS 241": 0.25, 0.001 and 1e-20.
  CHECK(normal_quantile(0.25) == Approx(-0.6744897501960817).epsilon(1e-15));
  CHECK(normal_quantile(0.001) == Approx(-3.090232306167814).epsilon(1e-15));
  CHECK(normal_quantile(1e-20) == Approx(-9.262340089798408).epsilon(1e-15));
  CHECK(normal_quantile(0.5) == 0.0);
  CHECK(normal_quantile(0.0) == -std::numeric_limits<double>::infinity());
  CHECK(normal_quantile(1.0) == std::numeric_limits<double>::infinity());
  CHECK(std::isnan(normal_quantile(-0.1)));
  CHECK(std::isnan(normal_quantile(1.1)));
  CHECK(std::isnan(normal_quantile(std::nan(""))));
}
