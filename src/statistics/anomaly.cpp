// SPDX-License-Identifier: Apache-2.0
#include "statistics/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace ebmpi::statistics {
namespace {

/// Rows with one and the same score.
struct Tie {
  std::int64_t anomalies = 0;
  std::int64_t normals = 0;
};

/// From the highest score down.
std::vector<Tie> ties(std::span<const double> scores, std::span<const std::int64_t> labels) {
  if (scores.size() != labels.size()) throw std::invalid_argument("one label for each score");
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  std::vector<Tie> result;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || scores[order[i]] != scores[order[i - 1]]) result.emplace_back();
    ++(labels[order[i]] != 0 ? result.back().anomalies : result.back().normals);
  }
  return result;
}

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double auroc(std::span<const double> scores, std::span<const std::int64_t> labels) {
  std::int64_t anomalies = 0, normals = 0;
  double pairs = 0.0;  // an anomaly above a normal row counts 1, beside it ½
  for (const Tie& tie : ties(scores, labels)) {
    pairs += static_cast<double>(tie.normals) *
             (static_cast<double>(anomalies) + 0.5 * static_cast<double>(tie.anomalies));
    anomalies += tie.anomalies;
    normals += tie.normals;
  }
  if (anomalies == 0 || normals == 0) return undefined;
  return pairs / (static_cast<double>(anomalies) * static_cast<double>(normals));
}

double average_precision(std::span<const double> scores, std::span<const std::int64_t> labels) {
  std::int64_t anomalies = 0, flagged = 0;
  double sum = 0.0;
  for (const Tie& tie : ties(scores, labels)) {
    anomalies += tie.anomalies;
    flagged += tie.anomalies + tie.normals;
    sum += static_cast<double>(tie.anomalies) * static_cast<double>(anomalies) / static_cast<double>(flagged);
  }
  return anomalies == 0 ? undefined : sum / static_cast<double>(anomalies);
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
