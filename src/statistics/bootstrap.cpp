// SPDX-License-Identifier: Apache-2.0
#include "statistics/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "comm/shards.hpp"
#include "core/random.hpp"
#include "statistics/quantile.hpp"
#include "statistics/tied_scores.hpp"

namespace ebmpi::statistics {
namespace {

/// The two kinds of rows; the numbers tell their random streams apart and are never changed.
enum class Kind : std::uint32_t { anomaly = 0, normal = 1 };

/// The tie that each row of a kind belongs to, rows from the highest score down.
std::vector<std::uint32_t> ties_of_rows(std::span<const Tie> ties, std::int64_t Tie::*kind) {
  std::vector<std::uint32_t> result;
  for (std::size_t t = 0; t < ties.size(); ++t) {
    result.insert(result.end(), static_cast<std::size_t>(ties[t].*kind), static_cast<std::uint32_t>(t));
  }
  return result;
}

/// Calls `take(row)` for `rows` rows out of [0, rows), drawn with replacement. A row's chance is off 1/rows
/// by no more than 2⁻³².
template <class Take>
void draw_rows(std::size_t rows, core::PhiloxKey key, std::uint32_t replicate, Kind kind, const Take& take) {
  constexpr std::size_t words = 4;
  for (std::size_t first = 0; first < rows; first += words) {
    const core::PhiloxBlock bits =
        core::draw(key, first / words, replicate, static_cast<std::uint32_t>(kind));
    const std::size_t count = std::min(words, rows - first);
    for (std::size_t i = 0; i < count; ++i) take((std::uint64_t{bits.word[i]} * rows) >> 32);
  }
}

/// Resamples scores of which only the ties are known.
class Resampler {
public:
  Resampler(std::span<const Tie> ties, std::uint64_t seed)
      : anomalies_(ties_of_rows(ties, &Tie::anomalies)),
        normals_(ties_of_rows(ties, &Tie::normals)),
        key_(core::stream_key(seed, core::Purpose::bootstrap)),
        drawn_(ties.size()) {}

  /// Valid until the next call.
  std::span<const Tie> operator()(std::uint32_t replicate) {
    std::fill(drawn_.begin(), drawn_.end(), Tie{});
    draw_rows(anomalies_.size(), key_, replicate, Kind::anomaly,
              [this](std::size_t row) { ++drawn_[anomalies_[row]].anomalies; });
    draw_rows(normals_.size(), key_, replicate, Kind::normal,
              [this](std::size_t row) { ++drawn_[normals_[row]].normals; });
    return drawn_;
  }

private:
  std::vector<std::uint32_t> anomalies_, normals_;
  core::PhiloxKey key_;
  std::vector<Tie> drawn_;
};

Interval percentile_interval(std::vector<double> figures, double level) {
  // A figure is NaN where a kind of rows is missing, and then in every replicate.
  if (std::isnan(figures.front())) return {figures.front(), figures.front()};
  std::sort(figures.begin(), figures.end());
  const double outside = 0.5 * (1.0 - level);
  return {sorted_quantile(figures, outside), sorted_quantile(figures, 1.0 - outside)};
}

}  // namespace

DetectionIntervals bootstrap_intervals(const comm::Communicator& communicator, std::span<const double> scores,
                                       std::span<const std::int64_t> labels, std::uint64_t seed,
                                       int replicates, double level) {
  if (replicates < 1) throw std::invalid_argument("at least one replicate");
  if (!(level > 0.0 && level < 1.0)) throw std::invalid_argument("a level between 0 and 1");
  if (scores.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("fewer than 2^32 scores");
  }
  const std::vector<Tie> ties = tied_scores(scores, labels);
  Resampler resample(ties, seed);
  std::vector<double> auroc_of, average_precision_of;
  const comm::IndexRange own = comm::balanced_slice(replicates, communicator.size(), communicator.rank());
  for (std::int64_t replicate = own.first; replicate < own.last; ++replicate) {
    const std::span<const Tie> drawn = resample(static_cast<std::uint32_t>(replicate));
    auroc_of.push_back(auroc(drawn));
    average_precision_of.push_back(average_precision(drawn));
  }
  return {percentile_interval(communicator.gather_all(auroc_of), level),
          percentile_interval(communicator.gather_all(average_precision_of), level)};
}

}  // namespace ebmpi::statistics
