// SPDX-License-Identifier: Apache-2.0
#include "statistics/chi_square_quantile.hpp"

#include <cmath>
#include <limits>

namespace ebmpi::statistics {
namespace {

constexpr double precision = 1e-15;
constexpr int most_terms = 100000;

/// x^a e^-x / Γ(a)
double leading_factor(double a, double x) {
  return std::exp(a * std::log(x) - x - std::lgamma(a));
}

double lower_by_series(double a, double x) {
  double term = 1.0 / a, sum = term;
  for (int n = 1; n < most_terms && term > precision * sum; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * leading_factor(a, x);
}

/// Lentz's evaluation of 1/(x + 1 - a - 1(1 - a)/(x + 3 - a - …)).
double upper_by_fraction(double a, double x) {
  constexpr double tiny = 1e-300;
  double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, value = d;
  for (int n = 1; n < most_terms; ++n) {
    const double numerator = -n * (n - a);
    b += 2.0;
    d = numerator * d + b;
    if (std::abs(d) < tiny) d = tiny;
    c = b + numerator / c;
    if (std::abs(c) < tiny) c = tiny;
    d = 1.0 / d;
    value *= d * c;
    if (std::abs(d * c - 1.0) < precision) break;
  }
  return value * leading_factor(a, x);
}

/// P(a, x)
double regularized_gamma(double a, double x) {
  if (x <= 0.0) return 0.0;
  return x < a + 1.0 ? lower_by_series(a, x) : 1.0 - upper_by_fraction(a, x);
}

}  // namespace

double chi_square_quantile(double probability, int degrees) {
  if (!(probability > 0.0 && probability < 1.0) || degrees < 1)
    return std::numeric_limits<double>::quiet_NaN();
  const double a = 0.5 * degrees;
  double low = 0.0, high = 1.0;
  while (regularized_gamma(a, high) < probability && high < 1e300) high *= 2.0;
  for (double middle = 0.5 * (low + high); middle > low && middle < high; middle = 0.5 * (low + high))
    (regularized_gamma(a, middle) < probability ? low : high) = middle;
  return 2.0 * high;
}

}  // namespace ebmpi::statistics
