// SPDX-License-Identifier: Apache-2.0
#include "statistics/chain_diagnostics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "statistics/effective_sample_size.hpp"
#include "statistics/normal_quantile.hpp"
#include "statistics/quantile.hpp"

namespace ebmpi::statistics {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// The chains cut into first and second halves, which shows a chain that drifts as two that disagree.
class Halves {
public:
  /// Chains of `draws` draws, at least 2.
  explicit Halves(std::size_t draws) : draws_(draws), half_(draws / 2) {}

  static constexpr std::size_t left_out = std::numeric_limits<std::size_t>::max();

  std::size_t length() const { return half_; }

  /// Where draw `index` of (chains, draws) is in (2 chains, length); `left_out` in the middle of an odd
  /// number.
  std::size_t place(std::size_t index) const {
    const std::size_t chain = index / draws_, draw = index % draws_;
    if (draw < half_) return 2 * chain * half_ + draw;
    if (draw < draws_ - half_) return left_out;
    return (2 * chain + 1) * half_ + draw - (draws_ - half_);
  }

  /// `value(draw)` of all draws that are not left out.
  template <class Value>
  Chains operator()(std::span<const double> draws, const Value& value) const {
    Chains result{std::vector<double>(draws.size() / draws_ * 2 * half_), half_};
    for (std::size_t i = 0; i < draws.size(); ++i) {
      const std::size_t to = place(i);
      if (to != left_out) result.values[to] = value(draws[i]);
    }
    return result;
  }

private:
  std::size_t draws_;
  std::size_t half_;
};

struct PlacedDraw {
  double value = 0.0;
  std::size_t place = 0;  // in (2 chains, length)
};

bool is_smaller(const PlacedDraw& a, const PlacedDraw& b) {
  return a.value < b.value;
}

std::vector<PlacedDraw> sorted_draws(std::span<const double> draws, const Halves& halves) {
  std::vector<PlacedDraw> result(draws.size());
  for (std::size_t i = 0; i < draws.size(); ++i) result[i] = {draws[i], halves.place(i)};
  std::sort(result.begin(), result.end(), is_smaller);
  return result;
}

/// Replaces ascending draws by their distances from their median, ascending again, without sorting anew.
void fold(std::vector<PlacedDraw>& sorted) {
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  const double median = 0.5 * ((middle - 1)->value + middle->value);  // halves make an even number
  for (PlacedDraw& draw : sorted) draw.value = std::abs(draw.value - median);
  std::reverse(sorted.begin(), middle);
  std::inplace_merge(sorted.begin(), middle, sorted.end(), is_smaller);
}

/// Normal scores of the ranks, equal draws having the mean of theirs: equation 14 of Vehtari et al.
Chains normal_scores(std::span<const PlacedDraw> sorted, const Halves& halves) {
  Chains result{std::vector<double>(sorted.size()), halves.length()};
  const auto count = static_cast<double>(sorted.size());
  for (std::size_t first = 0, end = 0; first < sorted.size(); first = end) {
    while (end < sorted.size() && sorted[end].value == sorted[first].value) ++end;
    const double rank = 0.5 * static_cast<double>(first + 1 + end);
    const double score = normal_quantile((rank - 0.375) / (count + 0.25));
    for (std::size_t i = first; i < end; ++i) result.values[sorted[i].place] = score;
  }
  return result;
}

/// Equations 1 to 4 of Vehtari et al.; NaN where no two draws differ.
double r_hat(const Chains& chains) {
  std::vector<double> means, variances;
  for (std::size_t chain = 0; chain < chains.count(); ++chain) {
    const auto [mean, variance] = moments(chains[chain]);
    means.push_back(mean);
    variances.push_back(variance);
  }
  const auto length = static_cast<double>(chains.length);
  const double between = length * moments(means).variance;
  const double within = moments(variances).mean;
  return std::sqrt((between / within + length - 1.0) / length);
}

/// Effective sample size of the event that a draw is at most `bound`.
double ess_below(std::span<const double> draws, const Halves& halves, double bound) {
  return effective_sample_size(halves(draws, [bound](double draw) { return draw <= bound ? 1.0 : 0.0; }));
}

/// Fills in what the order of the draws tells, at least 4 to a chain.
void diagnose_ranks(std::span<const double> draws, std::size_t length, ChainDiagnostics& result) {
  const Halves halves(length);
  std::vector<PlacedDraw> sorted = sorted_draws(draws, halves);
  const auto value = [](const PlacedDraw& draw) { return draw.value; };
  const double low = sorted_quantile(sorted, 0.05, value), high = sorted_quantile(sorted, 0.95, value);
  const double ess_low = ess_below(draws, halves, low), ess_high = ess_below(draws, halves, high);
  result.ess_tail = ess_high < ess_low ? ess_high : ess_low;

  std::erase_if(sorted, [](const PlacedDraw& draw) { return draw.place == Halves::left_out; });
  Chains scores = normal_scores(sorted, halves);
  if (draws.size() > length) {
    const double bulk = r_hat(scores);
    fold(sorted);
    // Where draws take two values the folded ones are equal and their R-hat NaN, which the comparison
    // ignores.
    const double folded = r_hat(normal_scores(sorted, halves));
    result.r_hat = folded > bulk ? folded : bulk;
  }
  result.ess_bulk = effective_sample_size(std::move(scores));
}

}  // namespace

ChainDiagnostics diagnose_chains(std::span<const double> draws, std::int64_t chains) {
  if (chains < 1 || draws.empty() || draws.size() % static_cast<std::size_t>(chains) != 0) {
    throw std::invalid_argument("at least one chain and one draw, and as many draws of each chain");
  }
  ChainDiagnostics result{undefined, undefined, undefined, undefined,
                          undefined, undefined, undefined, undefined};
  if (!std::all_of(draws.begin(), draws.end(), [](double draw) { return std::isfinite(draw); }))
    return result;
  const auto [mean, variance] = moments(draws);
  result.mean = mean;
  result.standard_deviation = std::sqrt(variance);

  const std::size_t length = draws.size() / static_cast<std::size_t>(chains);
  if (length < 4) return result;
  diagnose_ranks(draws, length, result);
  result.ess_mean = effective_sample_size(Halves(length)(draws, [](double draw) { return draw; }));
  result.mcse_mean = result.standard_deviation / std::sqrt(result.ess_mean);
  result.autocorrelation_time = static_cast<double>(draws.size()) / result.ess_mean;
  return result;
}

}  // namespace ebmpi::statistics
