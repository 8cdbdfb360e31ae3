// SPDX-License-Identifier: Apache-2.0
#include "data/mixture_start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.hpp"

namespace ebmpi::data {
namespace {

constexpr int rounds_of_k_means = 8;

/// Squared distance of each of this rank's rows to the nearest mean so far; one vector for each owned shard.
using Distances = std::vector<std::vector<double>>;

/// The same on any number of ranks.
std::uint64_t row_number(const ShardedRows& rows, std::size_t shard, std::size_t index) {
  return (static_cast<std::uint64_t>(rows.shards.owned().first) + shard) << 32 | index;
}

/// Draws a row with a probability proportional to its squared distance, on all ranks the same: of independent
/// exponential variables with the rates w_i, the i-th is the smallest with probability w_i / Σ w.
std::vector<double> draw_row(const ShardedRows& rows, const Distances& distances, core::PhiloxKey key,
                             std::uint32_t round) {
  constexpr double smallest_rate = 1e-300;  // where all rows lie on the means, any one will do
  constexpr auto none = std::numeric_limits<std::int64_t>::max();
  double earliest = std::numeric_limits<double>::infinity();
  std::int64_t winner = none;
  std::span<const double> row;
  for (std::size_t shard = 0; shard < distances.size(); ++shard) {
    for (std::size_t i = 0; i < distances[shard].size(); ++i) {
      const std::uint64_t number = row_number(rows, shard, i);
      const double u = core::uniform<double>(core::draw(key, number, round, 0).word[0]);
      const double time = -std::log(u) / std::max(distances[shard][i], smallest_rate);
      if (time >= earliest) continue;
      earliest = time;
      winner = static_cast<std::int64_t>(number);
      row = rows.row(shard, i);
    }
  }
  double first = -earliest;
  rows.communicator.max(std::span(&first, 1));
  std::int64_t number = -first == earliest ? winner : none;
  rows.communicator.min(std::span(&number, 1));
  std::vector<double> drawn(static_cast<std::size_t>(rows.dimension), 0.0);
  if (number == winner) std::ranges::copy(row, drawn.begin());
  rows.communicator.sum(std::span<double>(drawn));  // one rank adds the row, the others zeros: exact
  return drawn;
}

}  // namespace

double NearestMean::squared_distance(std::span<const double> x, std::size_t component) const {
  const double* const mean = &means_[component * x.size()];
  double sum = 0.0;
  for (std::size_t d = 0; d < x.size(); ++d) sum += (x[d] - mean[d]) * (x[d] - mean[d]) / variances_[d];
  return sum;
}

double NearestMean::operator()(std::span<const double> x, std::span<double> shares) const {
  std::size_t nearest = 0;
  double smallest = squared_distance(x, 0);
  for (std::size_t c = 1; c < shares.size(); ++c) {
    const double distance = squared_distance(x, c);
    if (distance >= smallest) continue;
    smallest = distance;
    nearest = c;
  }
  std::ranges::fill(shares, 0.0);
  shares[nearest] = 1.0;
  return 0.0;
}

std::vector<double> start_means(const ShardedRows& rows, std::int64_t components,
                                const std::vector<double>& variances, std::uint64_t seed) {
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::noise_model);
  GaussianMixture mixture;
  mixture.weights.resize(static_cast<std::size_t>(components));
  const NearestMean nearest(mixture.means, variances);
  Distances distances;
  for (std::size_t shard = 0; shard < rows.values.size(); ++shard)
    distances.emplace_back(rows.rows(shard), 1.0);
  for (std::size_t c = 0; c < mixture.weights.size(); ++c) {
    const std::vector<double> row = draw_row(rows, distances, key, static_cast<std::uint32_t>(c));
    mixture.means.insert(mixture.means.end(), row.begin(), row.end());
    for (std::size_t shard = 0; shard < distances.size(); ++shard) {
      for (std::size_t i = 0; i < distances[shard].size(); ++i) {
        const double distance = nearest.squared_distance(rows.row(shard, i), c);
        distances[shard][i] = c == 0 ? distance : std::min(distances[shard][i], distance);
      }
    }
  }
  for (int round = 0; round < rounds_of_k_means; ++round) {
    const MixtureSums sums = sum_over_rows(rows, mixture, Covariance::diagonal, nearest);
    for (std::size_t i = 0; i < mixture.means.size(); ++i) {
      const std::size_t c = i / variances.size();
      if (sums.share(c) > 0.0) mixture.means[i] += sums.deviations(c)[i % variances.size()] / sums.share(c);
    }
  }
  return mixture.means;
}

}  // namespace ebmpi::data
