// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.hpp"
#include "core/random.hpp"
#include "data/symmetric_eigen.hpp"

using namespace ebmpi::data;
using Catch::Matchers::WithinAbs;
using Numbers = std::vector<double>;

namespace {

/// The largest element of |A vᵢ - λᵢ vᵢ|, and of |vᵢ·vⱼ - δᵢⱼ|.
void check_decomposition(std::size_t n, const Numbers& matrix, const SymmetricEigen& eigen,
                         double tolerance) {
  double residual = 0.0, overlap = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    const double* const v = eigen.vectors.data() + k * n;
    for (std::size_t i = 0; i < n; ++i) {
      double image = 0.0, dot = 0.0;
      for (std::size_t j = 0; j < n; ++j) {
        image += matrix[i * n + j] * v[j];
        dot += eigen.vectors[i * n + j] * v[j];
      }
      residual = std::max(residual, std::abs(image - eigen.values[k] * v[i]));
      overlap = std::max(overlap, std::abs(dot - (i == k ? 1.0 : 0.0)));
    }
  }
  CHECK(residual < tolerance * std::max(1.0, std::abs(eigen.values[0])));
  CHECK(overlap < tolerance);
}

Numbers random_symmetric(std::size_t n) {
  const auto key = ebmpi::core::stream_key(8, ebmpi::core::Purpose::synthetic_data);
  Numbers matrix(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      matrix[i * n + j] = matrix[j * n + i] =
          ebmpi::core::uniform<double>(ebmpi::core::draw(key, i * n + j, 0, 0).word[0]) - 0.5;
  return matrix;
}

}  // namespace

TEST_CASE("the second difference matrix has its known eigenvalues and vectors", "[data][eigen]") {
  // tridiag(-1, 2, -1) of size n: λ_k = 2 - 2 cos(kπ/(n+1)), v_k(j) ∝ sin(jkπ/(n+1)).
  const std::size_t n = 40;
  Numbers matrix(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    matrix[i * n + i] = 2.0;
    if (i + 1 < n) matrix[i * n + i + 1] = matrix[(i + 1) * n + i] = -1.0;
  }
  const SymmetricEigen eigen = symmetric_eigen(n, matrix);
  for (std::size_t k = 1; k <= n; ++k) {
    const double angle = static_cast<double>(k) * std::numbers::pi / (n + 1);
    CHECK_THAT(eigen.values[n - k], WithinAbs(2.0 - 2.0 * std::cos(angle), 1e-13));
    CHECK_THAT(std::abs(eigen.vectors[(n - k) * n + 2]),
               WithinAbs(std::abs(std::sin(3.0 * angle)) * std::sqrt(2.0 / (n + 1)), 1e-12));
  }
}

TEST_CASE("dense matrices are decomposed to rounding, with positive largest components", "[data][eigen]") {
  for (const std::size_t n : {1u, 2u, 3u, 10u, 120u}) {
    const Numbers matrix = random_symmetric(n);
    const SymmetricEigen eigen = symmetric_eigen(static_cast<std::int64_t>(n), matrix);
    check_decomposition(n, matrix, eigen, 1e-12);
    CHECK(std::ranges::is_sorted(eigen.values, std::greater<>()));
    for (std::size_t k = 0; k < n; ++k) {
      const auto v = eigen.vectors.begin() + static_cast<std::ptrdiff_t>(k * n);
      const auto [lowest, highest] = std::minmax_element(v, v + static_cast<std::ptrdiff_t>(n));
      CHECK(*highest >= -*lowest);
    }
  }
}

TEST_CASE("degenerate and rank-deficient matrices are decomposed", "[data][eigen]") {
  const std::size_t n = 30;
  check_decomposition(n, Numbers(n * n, 0.0), symmetric_eigen(n, Numbers(n * n, 0.0)), 1e-14);
  const Numbers ones(n * n, 1.0);  // one eigenvalue n, the rest 0
  const SymmetricEigen eigen = symmetric_eigen(n, ones);
  check_decomposition(n, ones, eigen, 1e-13);
  CHECK_THAT(eigen.values[0], WithinAbs(30.0, 1e-12));
  CHECK_THAT(eigen.values[1], WithinAbs(0.0, 1e-12));
  Numbers spread(n * n, 0.0);  // a diagonal over 29 orders of magnitude, in the wrong order
  for (std::size_t i = 0; i < n; ++i) spread[i * n + i] = std::pow(10.0, static_cast<double>(i) - 20.0);
  CHECK(symmetric_eigen(n, spread).values[29] == 1e-20);
}

TEST_CASE("a covariance with NaN has no eigenvectors", "[data][eigen]") {
  CHECK_THROWS_AS(symmetric_eigen(1, {std::nan("")}), ebmpi::core::InputError);
}
