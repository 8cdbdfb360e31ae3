// SPDX-License-Identifier: Apache-2.0
// The bits depend on no thread count by construction: one work item takes a whole sum, in an order that the
// matrix' shape alone fixes, of numbers that were complete before; there are no atomics and no reductions.
#include "optimizer/spectral_norm.hpp"

#include <algorithm>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "optimizer/optimizer.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using optimizer::MatrixSlice;
using optimizer::SpectralNorm;

namespace {

/// Row-major (rows, columns).
struct Matrix {
  std::size_t rows, columns;
  std::vector<double> values;
};

/// The largest singular value, by rotating pairs of columns until all are orthogonal (one-sided Jacobi:
/// Hestenes 1958, doi:10.1137/0106005).
double largest_singular_value(Matrix a) {
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return a.values[i * a.columns + j]; };
  double worst = 1;
  for (int sweep = 0; sweep < 60 && worst > 1e-15; ++sweep) {
    worst = 0;
    for (std::size_t p = 0; p < a.columns; ++p) {
      for (std::size_t q = p + 1; q < a.columns; ++q) {
        double pp = 0, qq = 0, pq = 0;
        for (std::size_t i = 0; i < a.rows; ++i) {
          pp += at(i, p) * at(i, p);
          qq += at(i, q) * at(i, q);
          pq += at(i, p) * at(i, q);
        }
        if (pp * qq == 0 || std::abs(pq) <= 1e-16 * std::sqrt(pp * qq)) continue;
        worst = std::max(worst, std::abs(pq) / std::sqrt(pp * qq));
        const double angle = 0.5 * std::atan2(2 * pq, pp - qq), c = std::cos(angle), s = std::sin(angle);
        for (std::size_t i = 0; i < a.rows; ++i) {
          const double x = at(i, p), y = at(i, q);
          at(i, p) = c * x + s * y;
          at(i, q) = c * y - s * x;
        }
      }
    }
  }
  double largest = 0;
  for (std::size_t j = 0; j < a.columns; ++j) {
    double square = 0;
    for (std::size_t i = 0; i < a.rows; ++i) square += at(i, j) * at(i, j);
    largest = std::max(largest, square);
  }
  return std::sqrt(largest);
}

template <class Scalar>
Matrix matrix_in(const std::vector<Scalar>& parameters, const MatrixSlice& slice) {
  const auto first = parameters.begin() + slice.offset;
  return {static_cast<std::size_t>(slice.rows), static_cast<std::size_t>(slice.columns),
          std::vector<double>(first, first + slice.rows * slice.columns)};
}

/// Orthogonal · diagonal · orthogonal, with the given singular values: a reflection along an arbitrary vector
/// on either side.
Matrix with_singular_values(std::size_t rows, std::size_t columns, const std::vector<double>& singular) {
  const auto left = test::arbitrary_numbers(rows, 1), right = test::arbitrary_numbers(columns, 2);
  const auto reflection = [](const std::vector<double>& h, std::size_t i, std::size_t j) {
    double square = 0;
    for (const double x : h) square += x * x;
    return (i == j ? 1.0 : 0.0) - 2 * h[i] * h[j] / square;
  };
  Matrix a{rows, columns, std::vector<double>(rows * columns)};
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t k = 0; k < singular.size(); ++k)
        a.values[i * columns + j] += reflection(left, i, k) * singular[k] * reflection(right, k, j);
  return a;
}

/// A network's parameters with biases between, before and behind the matrices; shapes below, at and beyond a
/// tile.
const std::vector<MatrixSlice> slices{{1, 70, 2}, {150, 67, 70}, {4850, 64, 67}, {9200, 1, 64}};
constexpr std::size_t size = 9300;

template <class Scalar>
test::Buffer<Scalar> arbitrary_parameters(std::uint32_t seed) {
  return test::to_device(test::converted<Scalar>(test::arbitrary_numbers(size, seed, 0.3)));
}

/// Has gradient `linear + curvature ∘ w`.
double quadratic(const std::vector<double>& linear, const std::vector<double>& curvature,
                 const std::vector<double>& w) {
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i) sum += (linear[i] + 0.5 * curvature[i] * w[i]) * w[i];
  return sum;
}

template <class Scalar>
bool same_bits(const test::Buffer<Scalar>& a, const test::Buffer<Scalar>& b) {
  const auto x = test::to_host(a), y = test::to_host(b);
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(Scalar)) == 0;
}

}  // namespace

TEST_CASE("the reference for the largest singular value finds the closed form of two by two", "[optimizer]") {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto w = test::arbitrary_numbers(4, seed);
    const double square = w[0] * w[0] + w[1] * w[1] + w[2] * w[2] + w[3] * w[3],
                 determinant = w[0] * w[3] - w[1] * w[2];
    const double want =
        std::sqrt(0.5 * (square + std::sqrt(square * square - 4 * determinant * determinant)));
    CHECK(std::abs(largest_singular_value({2, 2, w}) / want - 1) < 1e-14);
  }
}

TEMPLATE_TEST_CASE("a matrix of known singular values is divided by the largest", "[optimizer]", float,
                   double) {
  const Matrix a = with_singular_values(90, 130, {3, 1, 0.5, 0.25}),
               b = with_singular_values(65, 3, {0.01, 0.004});
  auto values = a.values;
  values.insert(values.end(), b.values.begin(), b.values.end());
  const auto parameters = test::to_device(test::converted<TestType>(values));
  const SpectralNorm<TestType> spectral({{0, 90, 130}, {90 * 130, 65, 3}});
  spectral.initialize(1, parameters);
  auto want = values;
  for (std::size_t i = 0; i < want.size(); ++i) want[i] /= i < a.values.size() ? 3 : 0.01;
  const double tolerance = 8 * std::numeric_limits<TestType>::epsilon();
  CHECK(test::worst_error(test::to_host(parameters), want) < tolerance);
}

TEMPLATE_TEST_CASE("the largest singular value of arbitrary matrices tends to 1 from above", "[optimizer]",
                   float, double) {
  const auto parameters = arbitrary_parameters<TestType>(3);
  const auto before = test::to_host(parameters);
  const SpectralNorm<TestType> spectral(slices);
  spectral.initialize(7, parameters);
  const double rounding = 20 * std::numeric_limits<TestType>::epsilon();
  for (const MatrixSlice& slice : slices) {
    const double norm = largest_singular_value(matrix_in(test::to_host(parameters), slice));
    CHECK(norm > 1 - rounding);
    CHECK(norm < 1.01);
  }
  for (int step = 0; step < 3000; ++step) spectral.normalize(parameters);
  const auto after = test::to_host(parameters);
  std::vector<double> want(before.begin(), before.end());
  for (const MatrixSlice& slice : slices) {
    CHECK(std::abs(largest_singular_value(matrix_in(after, slice)) - 1) < rounding);
    const double sigma = largest_singular_value(matrix_in(before, slice));
    for (std::int64_t i = slice.offset; i < slice.offset + slice.rows * slice.columns; ++i)
      want[static_cast<std::size_t>(i)] /= sigma;
  }
  CHECK(test::worst_error(after, want) < rounding);
}

// Algorithm 1 of the paper, on one matrix.
TEST_CASE("one step is one power iteration", "[optimizer]") {
  const std::size_t rows = 67, columns = 130;
  const auto w = test::arbitrary_numbers(rows * columns, 4);
  auto u = test::arbitrary_numbers(rows, 5);
  const SpectralNorm<double> spectral({{0, rows, columns}});
  const auto parameters = test::to_device(w);
  test::copy_to(u, spectral.state()[0].second);
  spectral.normalize(parameters);

  const auto to_unit = [](std::vector<double>& x) {
    double square = 0;
    for (const double value : x) square += value * value;
    for (double& value : x) value /= std::sqrt(square);
    return std::sqrt(square);
  };
  std::vector<double> v(columns), image(rows), want(w);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) v[j] += w[i * columns + j] * u[i];
  to_unit(v);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) image[i] += w[i * columns + j] * v[j];
  const double sigma = to_unit(image);
  for (double& value : want) value /= sigma;
  CHECK(test::worst_error(test::to_host(spectral.state()[1].second), v) < 1e-14);
  CHECK(test::worst_error(test::to_host(spectral.state()[0].second), image) < 1e-14);
  CHECK(test::worst_error(test::to_host(parameters), want) < 1e-14);
}

TEST_CASE("the projected gradient is that of a loss of W over its norm", "[optimizer]") {
  const std::vector<MatrixSlice> matrices{{2, 5, 4}, {25, 3, 5}};
  const std::size_t count = 41;
  const auto linear = test::arbitrary_numbers(count, 11), curvature = test::arbitrary_numbers(count, 12);
  const auto parameters = test::to_device(test::arbitrary_numbers(count, 13));
  const SpectralNorm<double> spectral(matrices);
  spectral.initialize(3, parameters);
  for (int step = 0; step < 2000; ++step) spectral.normalize(parameters);
  const auto w = test::to_host(parameters);

  const auto loss = [&](std::vector<double> x) {
    for (const MatrixSlice& slice : matrices) {
      const double sigma = largest_singular_value(matrix_in(x, slice));
      for (std::int64_t i = slice.offset; i < slice.offset + slice.rows * slice.columns; ++i)
        x[static_cast<std::size_t>(i)] /= sigma;
    }
    return quadratic(linear, curvature, x);
  };
  std::vector<double> raw(count), want(count);
  const double h = 1e-5;
  for (std::size_t i = 0; i < count; ++i) {
    raw[i] = linear[i] + curvature[i] * w[i];
    auto above = w, below = w;
    above[i] += h;
    below[i] -= h;
    want[i] = (loss(above) - loss(below)) / (2 * h);
  }
  const auto gradient = test::to_device(raw);
  spectral.project_gradient(gradient, parameters);
  CHECK(test::worst_error(test::to_host(gradient), want) < 1e-8);
  CHECK(test::worst_error(raw, want) > 1e-2);  // the projection matters
}

TEMPLATE_TEST_CASE("the projected gradient is orthogonal to each matrix, and biases keep theirs",
                   "[optimizer]", float, double) {
  const auto parameters = arbitrary_parameters<TestType>(21), gradient = arbitrary_parameters<TestType>(22);
  const SpectralNorm<TestType> spectral(slices);
  spectral.initialize(5, parameters);
  const auto before = test::to_host(gradient), w = test::to_host(parameters);
  spectral.project_gradient(gradient, parameters);
  const auto after = test::to_host(gradient);
  std::vector<char> is_weight(size, 0);
  for (const MatrixSlice& slice : slices) {
    double inner = 0, before_inner = 0;
    for (std::int64_t k = slice.offset; k < slice.offset + slice.rows * slice.columns; ++k) {
      const auto i = static_cast<std::size_t>(k);
      is_weight[i] = 1;
      inner += static_cast<double>(after[i]) * static_cast<double>(w[i]);
      before_inner += static_cast<double>(before[i]) * static_cast<double>(w[i]);
    }
    CHECK(std::abs(inner) < 10 * std::numeric_limits<TestType>::epsilon());
    CHECK(std::abs(before_inner) > 1e-3);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!is_weight[i]) CHECK(after[i] == before[i]);
  }
}

// A convex combination of matrices of norm 1 has norm at most 1.
TEST_CASE("the norm of the moving average is at most 1", "[optimizer]") {
  const SpectralNorm<double> spectral(slices);
  const auto parameters = arbitrary_parameters<double>(30);
  spectral.initialize(1, parameters);
  for (int step = 0; step < 1000; ++step) spectral.normalize(parameters);
  const auto average = test::to_device(test::to_host(parameters));
  const optimizer::Optimizer<double> sgd({optimizer::Kind::sgd}, size);
  for (int step = 1; step <= 30; ++step) {
    const auto gradient = arbitrary_parameters<double>(100 + static_cast<std::uint32_t>(step));
    spectral.project_gradient(gradient, parameters);
    sgd.update(step, 0.02, gradient, parameters);
    for (int iteration = 0; iteration < 100; ++iteration) spectral.normalize(parameters);
    optimizer::update_average<double>(0.9, parameters, average);
  }
  for (const MatrixSlice& slice : slices) {
    const double norm = largest_singular_value(matrix_in(test::to_host(average), slice));
    CHECK(norm < 1);
    CHECK(norm > 0.5);
  }
}

TEMPLATE_TEST_CASE("a matrix of zeros stays so and comes to life", "[optimizer]", float, double) {
  const auto values = test::converted<TestType>(test::arbitrary_numbers(12, 1));
  const auto parameters = test::to_device(std::vector<TestType>(12)), gradient = test::to_device(values);
  const SpectralNorm<TestType> spectral({{0, 3, 4}});
  spectral.initialize(1, parameters);
  CHECK(test::to_host(parameters) == std::vector<TestType>(12));
  spectral.project_gradient(gradient, parameters);
  CHECK(test::to_host(gradient) == values);
  test::copy_to(values, parameters);
  for (int step = 0; step < 200; ++step) spectral.normalize(parameters);
  CHECK(std::abs(largest_singular_value({3, 4, test::converted<double>(test::to_host(parameters))}) - 1) <
        10 * std::numeric_limits<TestType>::epsilon());
}

TEST_CASE("a weight that is not a number spoils its own matrix only, and no vector", "[optimizer]") {
  const SpectralNorm<float> spectral(slices), other(slices);
  const auto parameters = arbitrary_parameters<float>(8), clean = arbitrary_parameters<float>(8);
  spectral.initialize(2, parameters);
  other.initialize(2, clean);
  auto values = test::to_host(parameters);
  values[200] = std::numeric_limits<float>::quiet_NaN();
  test::copy_to(values, parameters);
  spectral.normalize(parameters);
  other.normalize(clean);
  const auto after = test::to_host(parameters), want = test::to_host(clean);
  const auto spoiled = [&](std::size_t i) { return i >= 150 && i < 150 + 67 * 70; };
  for (std::size_t i = 0; i < size; ++i) {
    if (i != 200) CHECK(after[i] == (spoiled(i) ? values[i] : want[i]));
  }
  CHECK(std::isnan(after[200]));
  for (const auto& [name, vectors] : spectral.state()) {
    for (const float value : test::to_host(vectors)) CHECK(std::isfinite(value));
  }
}

TEMPLATE_TEST_CASE("a restored state continues with the same bits", "[optimizer]", float, double) {
  const SpectralNorm<TestType> spectral(slices), restored(slices);
  const auto parameters = arbitrary_parameters<TestType>(41);
  spectral.initialize(9, parameters);
  REQUIRE(spectral.state().size() == 2);
  CHECK(spectral.state()[0].first == "spectral_left");
  CHECK(spectral.state()[1].first == "spectral_right");
  CHECK(spectral.state()[0].second.extent(0) == 70 + 67 + 64 + 1);
  CHECK(spectral.state()[1].second.extent(0) == 2 + 70 + 67 + 64);

  const auto copy = test::to_device(test::to_host(parameters));
  for (std::size_t i = 0; i < 2; ++i)
    test::copy_to(test::to_host(spectral.state()[i].second), restored.state()[i].second);
  const optimizer::Optimizer<TestType> sgd({optimizer::Kind::sgd}, size);
  const auto advance = [&](const SpectralNorm<TestType>& norm, const test::Buffer<TestType>& w) {
    const auto gradient = arbitrary_parameters<TestType>(42);
    norm.project_gradient(gradient, w);
    sgd.update(1, 0.1, gradient, w);
    norm.normalize(w);
  };
  advance(spectral, parameters);
  advance(restored, copy);
  CHECK(same_bits(parameters, copy));
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(same_bits(spectral.state()[i].second, restored.state()[i].second));
}

TEST_CASE("start vectors follow from the seed alone", "[optimizer]") {
  const auto norms = [](std::uint64_t seed) {
    const SpectralNorm<double> spectral({{0, 40, 30}});
    const auto parameters = test::to_device(test::arbitrary_numbers(1200, 6));
    spectral.initialize(seed, parameters);
    return test::to_host(parameters);
  };
  CHECK(norms(1) == norms(1));
  CHECK(norms(1) != norms(2));
}

TEST_CASE("no memory is allocated in a step", "[optimizer]") {
  static int allocations;
  const SpectralNorm<float> spectral(slices);
  const auto parameters = arbitrary_parameters<float>(1), gradient = arbitrary_parameters<float>(2);
  spectral.initialize(1, parameters);
  allocations = 0;
  Kokkos::Tools::Experimental::set_allocate_data_callback(
      [](Kokkos_Profiling_SpaceHandle, const char*, const void*, std::uint64_t) { ++allocations; });
  spectral.project_gradient(gradient, parameters);
  spectral.normalize(parameters);
  Kokkos::Tools::Experimental::set_callbacks({});
  CHECK(allocations == 0);
}
