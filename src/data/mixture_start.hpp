// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "data/mixture_sums.hpp"

namespace ebmpi::data {

/// Gives each row to the mean nearest to it, with every coordinate in units of its standard deviation over
/// all rows.
class NearestMean {
public:
  /// `means` (C, D), `variances` (D), positive.
  NearestMean(const std::vector<double>& means, const std::vector<double>& variances)
      : means_(means), variances_(variances) {}

  double squared_distance(std::span<const double> x, std::size_t component) const;
  /// `shares` (C) becomes 1 for the nearest mean, the first of equally near ones, and 0 for the others; the
  /// value is 0, in place of a log likelihood.
  double operator()(std::span<const double> x, std::span<double> shares) const;

private:
  const std::vector<double>& means_;
  const std::vector<double>& variances_;
};

/// Means (C, D) for EM to start from: rows drawn as k-means++ draws them (Arthur and Vassilvitskii 2007,
/// https://dl.acm.org/doi/10.5555/1283383.1283494), then some rounds of k-means. Collective. A function of
/// the seed and the rows of each shard, not of the ranks.
std::vector<double> start_means(const ShardedRows& rows, std::int64_t components,
                                const std::vector<double>& variances, std::uint64_t seed);

}  // namespace ebmpi::data
