// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/score_matching.hpp"
#include "support/gaussian_fit.hpp"
#include "support/moments.hpp"

using namespace ebmpi;

namespace {

constexpr std::size_t dimension = 3;
constexpr std::int64_t rows = 2048;

using Matrix = std::vector<double>;  // (3, 3)

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result(dimension * dimension);
  for (std::size_t i = 0; i < dimension; ++i) {
    for (std::size_t j = 0; j < dimension; ++j) {
      for (std::size_t k = 0; k < dimension; ++k)
        result[i * dimension + j] += a[i * dimension + k] * b[k * dimension + j];
    }
  }
  return result;
}

Matrix transposed(const Matrix& a) {
  Matrix result;
  for (std::size_t i = 0; i < a.size(); ++i) result.push_back(a[i % dimension * dimension + i / dimension]);
  return result;
}

double distance_from_unit(const Matrix& a) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::fmax(worst, std::abs(a[i] - (i % (dimension + 1) == 0 ? 1.0 : 0.0)));
  return worst;
}

/// WᵀW where gradient descent from W = I ends.
Matrix fitted_precision(const test::Objective<double>& objective, const test::JetBatch<double>& batch) {
  const auto shape = test::quadratic_shape(dimension);
  Matrix w{1, 0, 0, 0, 1, 0, 0, 0, 1};
  for (int step = 0; step < 1000; ++step) {
    const auto sums = test::jet_sums(test::quadratic_energy(shape, w), objective, batch);
    double largest = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double slope = sums.gradient[i] / static_cast<double>(rows);
      w[i] -= 0.15 * slope;
      largest = std::fmax(largest, std::abs(slope));
    }
    if (largest < 1e-8) return product(transposed(w), w);
  }
  throw std::runtime_error("gradient descent did not converge");
}

}  // namespace

// ½ tr(S (WᵀW)²) - tr WᵀW is least where WᵀW is the inverse of the samples' second moments S, whose mean is
// Σ⁻¹ N/(N - D - 1).
TEST_CASE("exact score matching finds the precision matrix", "[objective][fit]") {
  const Matrix factor{1.0, 0, 0, 0.6, 0.9, 0, -0.3, 0.4, 0.7};  // L, x = Lz with z from N(0, I)
  // L⁻¹ by forward substitution, and Σ⁻¹ = L⁻ᵀL⁻¹.
  const double a = 1 / 0.9, b = 1 / 0.7;
  const Matrix inverse{1, 0, 0, -0.6 * a, a, 0, (0.3 + 0.4 * 0.6 * a) * b, -0.4 * a * b, b};
  REQUIRE(distance_from_unit(product(factor, inverse)) < 1e-15);
  const Matrix precision = product(transposed(inverse), inverse);

  const auto objective = objective::make_score_matching<double>({}, test::quadratic_shape(dimension), {});
  std::mt19937_64 engine(29);
  std::vector<std::vector<double>> entries(dimension * dimension);
  for (int number = 0; number < 16; ++number) {
    const auto z = test::normal_numbers(engine, rows * dimension);
    std::vector<double> x(z.size());
    Matrix second(dimension * dimension);
    for (std::size_t row = 0; row < z.size(); row += dimension) {
      for (std::size_t i = 0; i < dimension; ++i) {
        for (std::size_t k = 0; k <= i; ++k) x[row + i] += factor[i * dimension + k] * z[row + k];
      }
      for (std::size_t i = 0; i < dimension; ++i) {
        for (std::size_t j = 0; j < dimension; ++j)
          second[i * dimension + j] += x[row + i] * x[row + j] / static_cast<double>(rows);
      }
    }
    const auto fit =
        fitted_precision(*objective, test::batch_of(test::to_rows(x, dimension), test::blocks_of(rows, 64)));
    CHECK(distance_from_unit(product(second, fit)) < 1e-6);
    for (std::size_t i = 0; i < fit.size(); ++i) entries[i].push_back(fit[i]);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto entry = test::estimate(entries[i]);
    INFO("entry " << i << ": " << entry.mean << " +- " << entry.error << " for " << precision[i]);
    CHECK(entry.error < 0.03);
    CHECK(entry.agrees(precision[i] * static_cast<double>(rows) / static_cast<double>(rows - 4)));
  }
}
