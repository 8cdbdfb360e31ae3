// SPDX-License-Identifier: Apache-2.0
#include "statistics/effective_sample_size.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace ebmpi::statistics {
namespace {

/// Σ_i x_i x_{i+lag} and the same at lag + 1 < length. Eight sums side by side, since one alone waits for
/// every addition.
std::array<double, 2> lagged_products(std::span<const double> x, std::size_t lag) {
  constexpr std::size_t lanes = 8;
  std::array<double, lanes> here{}, next{};
  const std::size_t pairs = x.size() - lag - 1;  // at lag + 1
  const double* const later = x.data() + lag;
  std::size_t i = 0;
  for (; i + lanes <= pairs; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      here[lane] += x[i + lane] * later[i + lane];
      next[lane] += x[i + lane] * later[i + lane + 1];
    }
  }
  for (; i < pairs; ++i) {
    here[0] += x[i] * later[i];
    next[0] += x[i] * later[i + 1];
  }
  here[0] += x[pairs] * later[pairs];
  return {std::accumulate(here.begin(), here.end(), 0.0), std::accumulate(next.begin(), next.end(), 0.0)};
}

/// Autocorrelations of all chains together, two lags at a time, since Geyer's sequence is one of pairs.
class Autocorrelation {
public:
  explicit Autocorrelation(Chains chains) : chains_(std::move(chains)) {
    std::vector<double> means;
    for (std::size_t chain = 0; chain < chains_.count(); ++chain) {
      means.push_back(moments(chains_[chain]).mean);
      for (double& value : chains_[chain]) value -= means.back();
    }
    const auto length = static_cast<double>(chains_.length);
    const double within = autocovariances(0)[0];
    within_unbiased_ = within * length / (length - 1.0);
    total_ = within + moments(means).variance;
  }

  /// At `lag` and at lag + 1 < length.
  std::array<double, 2> operator()(std::size_t lag) const {
    const auto [here, next] = autocovariances(lag);
    return {1.0 - (within_unbiased_ - here) / total_, 1.0 - (within_unbiased_ - next) / total_};
  }

private:
  /// Means over the chains, divisor n at every lag.
  std::array<double, 2> autocovariances(std::size_t lag) const {
    std::array<double, 2> sums{};
    for (std::size_t chain = 0; chain < chains_.count(); ++chain) {
      const auto [here, next] = lagged_products(chains_[chain], lag);
      sums[0] += here;
      sums[1] += next;
    }
    const auto draws = static_cast<double>(chains_.values.size());
    return {sums[0] / draws, sums[1] / draws};
  }

  Chains chains_;
  double within_unbiased_ = 0.0;  // variance inside the chains
  double total_ = 0.0;            // and that of all draws
};

/// Geyer's initial positive sequence: autocorrelations from lag 0 while the sums of pairs are positive. The
/// last pair is one beyond them; its second is left out of all sums.
std::vector<double> positive_sequence(const Autocorrelation& correlation, std::size_t length) {
  std::array<double, 2> pair{1.0, correlation(0)[1]};
  std::vector<double> rho(pair.begin(), pair.end());
  for (std::size_t lag = 2; lag + 2 < length && pair[0] + pair[1] > 0.0; lag += 2) {
    pair = correlation(lag);
    const bool counts = pair[0] + pair[1] >= 0.0;
    rho.push_back(counts ? pair[0] : 0.0);
    rho.push_back(counts ? pair[1] : 0.0);
  }
  // An even lag above zero makes the estimate better though its pair is below.
  if (pair[0] > 0.0) rho[rho.size() - 2] = pair[0];
  return rho;
}

/// Makes sums of pairs no larger than those before, the last pair apart.
void make_monotone(std::vector<double>& rho) {
  for (std::size_t lag = 2; lag + 2 < rho.size(); lag += 2) {
    const double before = rho[lag - 2] + rho[lag - 1];
    if (rho[lag] + rho[lag + 1] > before) rho[lag] = rho[lag + 1] = 0.5 * before;
  }
}

}  // namespace

Moments moments(std::span<const double> values) {
  // Differences from the first value are exact where all are equal, and small where their mean is far from
  // zero.
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += value - values.front();
  const double shift = sum / count;
  double squares = 0.0;
  for (const double value : values) {
    const double deviation = (value - values.front()) - shift;
    squares += deviation * deviation;
  }
  return {values.front() + shift, squares / (count - 1.0)};
}

double effective_sample_size(Chains chains) {
  const auto draws = static_cast<double>(chains.values.size());
  const auto [smallest, largest] = std::minmax_element(chains.values.begin(), chains.values.end());
  constexpr double resolution = 1e-15;  // as in ArviZ, whatever the scale of the draws
  if (*largest - *smallest < resolution) return draws;
  const std::size_t length = chains.length;
  std::vector<double> rho = positive_sequence(Autocorrelation(std::move(chains)), length);
  if (std::any_of(rho.begin(), rho.end(), [](double value) { return std::isnan(value); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  make_monotone(rho);
  const double time = -1.0 + 2.0 * std::accumulate(rho.begin(), rho.end() - 2, 0.0) + rho[rho.size() - 2];
  return draws / std::max(time, 1.0 / std::log10(draws));
}

}  // namespace ebmpi::statistics
