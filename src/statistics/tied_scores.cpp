// SPDX-License-Identifier: Apache-2.0
#include "statistics/tied_scores.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ebmpi::statistics {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<Tie> tied_scores(std::span<const double> scores, std::span<const std::int64_t> labels) {
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

double auroc(std::span<const Tie> ties) {
  std::int64_t anomalies = 0, normals = 0;
  double pairs = 0.0;  // an anomaly above a normal row counts 1, beside it ½
  for (const Tie& tie : ties) {
    pairs += static_cast<double>(tie.normals) *
             (static_cast<double>(anomalies) + 0.5 * static_cast<double>(tie.anomalies));
    anomalies += tie.anomalies;
    normals += tie.normals;
  }
  if (anomalies == 0 || normals == 0) return undefined;
  return pairs / (static_cast<double>(anomalies) * static_cast<double>(normals));
}

double average_precision(std::span<const Tie> ties) {
  std::int64_t anomalies = 0, flagged = 0;
  double sum = 0.0;
  for (const Tie& tie : ties) {
    anomalies += tie.anomalies;
    flagged += tie.anomalies + tie.normals;
    if (tie.anomalies == 0) continue;  // nothing to add, and perhaps nothing flagged yet to divide by
    sum += static_cast<double>(tie.anomalies) * static_cast<double>(anomalies) / static_cast<double>(flagged);
  }
  return anomalies == 0 ? undefined : sum / static_cast<double>(anomalies);
}

}  // namespace ebmpi::statistics
