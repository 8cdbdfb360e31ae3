// SPDX-License-Identifier: Apache-2.0
#include "evaluation/log_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ebmpi::evaluation {
namespace {

/// 1/(1 + exp(-x)).
double logistic(double x) {
  if (x >= 0.0) return 1.0 / (1.0 + std::exp(-x));
  const double exponential = std::exp(x);
  return exponential / (1.0 + exponential);
}

/// Sum and sum of squares of logistic(log weight + shift).
struct Terms {
  double sum = 0.0, squares = 0.0;
};

Terms terms_of(std::span<const double> log_weights, double shift) {
  Terms terms;
  for (const double weight : log_weights) {
    const double term = logistic(weight + shift);
    terms.sum += term;
    terms.squares += term * term;
  }
  return terms;
}

/// Of the mean of one side's terms, its relative variance.
double relative_variance(const Terms& terms, double count) {
  const double mean = terms.sum / count;
  return std::max(0.0, terms.squares / count / (mean * mean) - 1.0) / count;
}

}  // namespace

WeightMean mean_of_weights(std::span<const double> log_weights) {
  if (log_weights.size() < 2) throw std::invalid_argument("two weights at least");
  const double highest = *std::ranges::max_element(log_weights);
  const auto count = static_cast<double>(log_weights.size());
  if (highest == -std::numeric_limits<double>::infinity())
    return {{highest, std::numeric_limits<double>::infinity()}, 0.0};
  double sum = 0.0, squares = 0.0;
  for (const double log_weight : log_weights) {
    const double weight = std::exp(log_weight - highest);
    sum += weight;
    squares += weight * weight;
  }
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean) * count / (count - 1.0);
  return {{highest + std::log(mean), std::sqrt(variance / count) / mean}, sum * sum / squares};
}

LogRatio acceptance_ratio(std::span<const double> forward, std::span<const double> backward) {
  const double from_forward = mean_of_weights(forward).log_mean.value;
  const double from_backward = -mean_of_weights(backward).log_mean.value;
  const double skew =
      std::log(static_cast<double>(forward.size())) - std::log(static_cast<double>(backward.size()));
  // The left side falls with c and the right one rises.
  double low = std::min(from_forward, from_backward) + skew - 1.0;
  double high = std::max(from_forward, from_backward) + skew + 1.0;
  const auto excess = [&](double c) { return terms_of(forward, -c).sum - terms_of(backward, c).sum; };
  for (double width = high - low; excess(low) < 0.0; width *= 2.0) low -= width;
  for (double width = high - low; excess(high) > 0.0; width *= 2.0) high += width;
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (excess(middle) > 0.0 ? low : high) = middle;
  }
  const double c = 0.5 * (low + high);
  const double variance = relative_variance(terms_of(forward, -c), static_cast<double>(forward.size())) +
                          relative_variance(terms_of(backward, c), static_cast<double>(backward.size()));
  return {c - skew, std::sqrt(variance)};
}

}  // namespace ebmpi::evaluation
