// SPDX-License-Identifier: Apache-2.0
#include "data/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::data {

namespace {

/// A = Qᵀ T Q with T tridiagonal; the rows of `basis` are those of Q.
struct Tridiagonal {
  std::vector<double> diagonal;      // (n)
  std::vector<double> off_diagonal;  // (n), off_diagonal[i] = T(i, i + 1), the last one 0
  std::vector<double> basis;         // (n, n)
};

/// The reflection I - β v vᵀ that turns x = column `k` of A below the diagonal into a multiple of its first
/// axis.
struct Reflection {
  std::vector<double> v;  // (n), zero up to and including k
  double beta = 0.0;
  double image = 0.0;  ///< what the column becomes: T(k + 1, k)
};

Reflection make_reflection(const std::vector<double>& matrix, std::size_t n, std::size_t k) {
  Reflection reflection{std::vector<double>(n, 0.0), 0.0, matrix[(k + 1) * n + k]};
  double largest = 0.0;
  for (std::size_t i = k + 2; i < n; ++i) largest = std::max(largest, std::abs(matrix[i * n + k]));
  if (largest == 0.0) return reflection;  // already tridiagonal here
  largest = std::max(largest, std::abs(matrix[(k + 1) * n + k]));
  double square_sum = 0.0;
  for (std::size_t i = k + 1; i < n; ++i) {
    reflection.v[i] = matrix[i * n + k] / largest;
    square_sum += reflection.v[i] * reflection.v[i];
  }
  const double norm = std::copysign(std::sqrt(square_sum), reflection.v[k + 1]);
  reflection.v[k + 1] += norm;  // same sign: no cancellation
  reflection.beta = 1.0 / (norm * reflection.v[k + 1]);
  reflection.image = -norm * largest;
  return reflection;
}

/// A ← H A H on the block after row and column k: A - v wᵀ - w vᵀ.
void apply_to_both_sides(const Reflection& reflection, std::vector<double>& matrix, std::size_t n,
                         std::size_t k) {
  const auto& v = reflection.v;
  std::vector<double> w(n, 0.0);
  double v_dot_w = 0.0;
  for (std::size_t i = k + 1; i < n; ++i) {
    // By symmetry A v is a sum of rows: the inner loop runs along memory without a reduction.
    for (std::size_t j = k + 1; j < n; ++j) w[j] += v[i] * matrix[i * n + j];
  }
  for (std::size_t i = k + 1; i < n; ++i) {
    w[i] *= reflection.beta;
    v_dot_w += v[i] * w[i];
  }
  for (std::size_t i = k + 1; i < n; ++i) w[i] -= 0.5 * reflection.beta * v_dot_w * v[i];
  for (std::size_t i = k + 1; i < n; ++i)
    for (std::size_t j = k + 1; j < n; ++j) matrix[i * n + j] -= v[i] * w[j] + w[i] * v[j];
}

/// M ← H M for the rows after k.
void apply_to_rows(const Reflection& reflection, std::vector<double>& matrix, std::size_t n, std::size_t k) {
  std::vector<double> projection(n, 0.0);
  for (std::size_t i = k + 1; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) projection[j] += reflection.v[i] * matrix[i * n + j];
  for (std::size_t i = k + 1; i < n; ++i) {
    const double factor = reflection.beta * reflection.v[i];
    for (std::size_t j = 0; j < n; ++j) matrix[i * n + j] -= factor * projection[j];
  }
}

Tridiagonal tridiagonalise(std::vector<double> matrix, std::size_t n) {
  Tridiagonal result{std::vector<double>(n), std::vector<double>(n, 0.0), std::vector<double>(n * n, 0.0)};
  for (std::size_t i = 0; i < n; ++i) result.basis[i * n + i] = 1.0;
  for (std::size_t k = 0; k + 1 < n; ++k) {
    const Reflection reflection = make_reflection(matrix, n, k);
    result.off_diagonal[k] = reflection.image;
    if (reflection.beta == 0.0) continue;
    apply_to_both_sides(reflection, matrix, n, k);
    apply_to_rows(reflection, result.basis, n, k);
  }
  for (std::size_t i = 0; i < n; ++i) result.diagonal[i] = matrix[i * n + i];
  return result;
}

/// What rounding in the reduction leaves of an off-diagonal element that should vanish: ε times a norm of T.
double negligible_size(const Tridiagonal& t) {
  double norm = 0.0;
  for (std::size_t i = 0; i < t.diagonal.size(); ++i)
    norm = std::max(norm, std::abs(t.diagonal[i]) + std::abs(t.off_diagonal[i]));
  return std::numeric_limits<double>::epsilon() * norm;
}

/// The first i >= l whose off-diagonal element is negligible; the last one is zero.
std::size_t block_end(const Tridiagonal& t, std::size_t l, double negligible) {
  while (std::abs(t.off_diagonal[l]) > negligible) ++l;
  return l;
}

/// Rows i and i + 1 ← (c·row_i - s·row_{i+1}, s·row_i + c·row_{i+1}).
void rotate_rows(std::vector<double>& matrix, std::size_t n, std::size_t i, double c, double s) {
  double* const upper = matrix.data() + i * n;
  double* const lower = upper + n;
  for (std::size_t j = 0; j < n; ++j) {
    const double u = upper[j], l = lower[j];
    upper[j] = c * u - s * l;
    lower[j] = s * u + c * l;
  }
}

/// One implicit QL step on rows l … m of T, shifted by the eigenvalue of the leading 2 × 2 block that is
/// nearer T(l, l).
void ql_step(Tridiagonal& t, std::size_t n, std::size_t l, std::size_t m) {
  auto& d = t.diagonal;
  auto& e = t.off_diagonal;
  const double ratio = (d[l + 1] - d[l]) / (2.0 * e[l]);
  double g = d[m] - d[l] + e[l] / (ratio + std::copysign(std::hypot(ratio, 1.0), ratio));
  double s = 1.0, c = 1.0, carried = 0.0;
  for (std::size_t i = m; i-- > l;) {
    const double f = s * e[i], b = c * e[i];
    const double r = std::hypot(f, g);
    e[i + 1] = r;
    if (r == 0.0) {  // the matrix falls apart here
      d[i + 1] -= carried;
      e[m] = 0.0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - carried;
    const double rest = (d[i] - g) * s + 2.0 * c * b;
    carried = s * rest;
    d[i + 1] = g + carried;
    g = c * rest - b;
    rotate_rows(t.basis, n, i, c, s);
  }
  d[l] -= carried;
  e[l] = g;
  e[m] = 0.0;
}

void diagonalise(Tridiagonal& t, std::size_t n) {
  constexpr int most_steps = 60;  // fewer than two per eigenvalue are usual
  const double negligible = negligible_size(t);
  for (std::size_t l = 0; l < n; ++l) {
    int step = 0;
    for (std::size_t m = block_end(t, l, negligible); m > l; m = block_end(t, l, negligible)) {
      if (++step > most_steps)
        throw core::InputError(
            "the eigenvectors of the covariance were not found (the QL iteration did not converge); look for "
            "columns "
            "of very different scale");
      ql_step(t, n, l, m);
    }
  }
}

void make_largest_component_positive(double* vector, std::size_t n) {
  const double* const largest =
      std::max_element(vector, vector + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest < 0.0) std::transform(vector, vector + n, vector, [](double component) { return -component; });
}

}  // namespace

SymmetricEigen symmetric_eigen(std::int64_t size, std::vector<double> matrix) {
  if (!std::ranges::all_of(matrix, [](double element) { return std::isfinite(element); }))
    throw core::InputError(
        "the covariance has no eigenvectors (it holds NaN or infinity); look for such values in the data");
  const auto n = static_cast<std::size_t>(size);
  Tridiagonal t = tridiagonalise(std::move(matrix), n);
  diagonalise(t, n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return t.diagonal[a] > t.diagonal[b]; });
  SymmetricEigen result{std::vector<double>(n), std::vector<double>(n * n)};
  for (std::size_t i = 0; i < n; ++i) {
    result.values[i] = t.diagonal[order[i]];
    double* const vector = result.vectors.data() + i * n;
    std::copy_n(t.basis.data() + order[i] * n, n, vector);
    make_largest_component_positive(vector, n);
  }
  return result;
}

}  // namespace ebmpi::data
