// SPDX-License-Identifier: Apache-2.0
#include "optimizer/gradient_norm.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using optimizer::GradientNorm;

TEST_CASE("the gradient norm is the Euclidean norm at every size", "[optimizer]") {
  for (const std::size_t size : {1, 1023, 1024, 1025, 100001}) {
    const auto values = test::arbitrary_numbers(size, static_cast<std::uint32_t>(size));
    long double sum = 0;
    for (const double value : values) sum += static_cast<long double>(value) * value;
    const double want = static_cast<double>(std::sqrt(sum));
    INFO(size);
    CHECK(std::abs(GradientNorm<double>(size)(test::to_device(values)) / want - 1) < 1e-14);
    CHECK(std::abs(GradientNorm<float>(size)(test::to_device(test::converted<float>(values))) / want - 1) <
          1e-14);
  }
}

TEST_CASE("squares beyond single precision do not overflow the norm", "[optimizer]") {
  const std::vector<float> large{3e30f, 4e30f};
  CHECK(std::abs(GradientNorm<float>(2)(test::to_device(large)) / 5e30 - 1) < 1e-6);
}

TEST_CASE("a gradient beyond the bound is scaled to it, and a smaller one left alone", "[optimizer]") {
  const std::vector<double> values{3, -4, 12};  // norm 13
  const GradientNorm<double> norm(3);
  const auto gradient = test::to_device(values);
  norm.clip(gradient, norm(gradient), 13.0);
  CHECK(test::to_host(gradient) == values);
  norm.clip(gradient, norm(gradient), 6.5);
  CHECK(test::worst_error(test::to_host(gradient), std::vector<double>{1.5, -2, 6}) < 1e-15);
}

TEST_CASE("a norm that is not finite shows", "[optimizer]") {
  auto values = test::converted<float>(test::arbitrary_numbers(3000, 1));
  values[2500] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(GradientNorm<float>(3000)(test::to_device(values))));
  values[2500] = -std::numeric_limits<float>::infinity();
  CHECK(std::isinf(GradientNorm<float>(3000)(test::to_device(values))));
}
