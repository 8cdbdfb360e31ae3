// SPDX-License-Identifier: Apache-2.0
#include "statistics/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "statistics/tied_scores.hpp"

namespace ebmpi::statistics {

double auroc(std::span<const double> scores, std::span<const std::int64_t> labels) {
  return auroc(tied_scores(scores, labels));
}

double average_precision(std::span<const double> scores, std::span<const std::int64_t> labels) {
  return average_precision(tied_scores(scores, labels));
}

NormalScores::NormalScores(std::vector<double> scores) : sorted_(std::move(scores)) {
  if (sorted_.empty()) throw std::invalid_argument("at least one normal score");
  std::sort(sorted_.begin(), sorted_.end());
}

double NormalScores::p_value(double score) const {
  const auto not_below = sorted_.end() - std::lower_bound(sorted_.begin(), sorted_.end(), score);
  return (1.0 + static_cast<double>(not_below)) / (static_cast<double>(count()) + 1.0);
}

double NormalScores::threshold(double rate) const {
  const double ranks = static_cast<double>(count()) + 1.0;
  // The largest k with k/(n + 1) <= rate; the product rounds, the quotients are those of p_value.
  double k = std::floor(rate * ranks);
  if ((k + 1.0) / ranks <= rate) k += 1.0;
  if (k / ranks > rate) k -= 1.0;
  if (!(k >= 1.0 && k < ranks)) throw std::invalid_argument("a rate from 1/(n + 1) to below 1");
  return sorted_[sorted_.size() - static_cast<std::size_t>(k)];
}

}  // namespace ebmpi::statistics
