// SPDX-License-Identifier: Apache-2.0
#include "training/chain_health.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ebmpi::training {
namespace {

/// The energy of a new network is nearly flat, and its chains cannot be in equilibrium with it yet; healthy
/// runs are by step 20.
constexpr std::int64_t first_judged_step = 100;
/// Lines of metrics that a judgement looks at, and the fewest that it needs.
constexpr std::size_t window = 8;
constexpr std::size_t fewest = 3;

/// Runs that reach the likelihood of the true density stay within 0.7 to 1.5 of equipartition; those that
/// fail leave by orders of magnitude.
constexpr double equipartition_factor = 3.0;
/// Energy gap in units of the energies' spread.
constexpr double overlap_factor = 3.0;
/// Fraction of chains outside the range of the training data.
constexpr double range_fraction = 0.25;

const char* const remedy =
    "raise sampler.steps, sampler.reinitialize or objective.energy_regularization, lower sampler.step_size, "
    "or smooth the data "
    "with data.jitter";

template <class Field>
double mean_of(const std::deque<Metrics>& lines, const Field& field) {
  double sum = 0.0;
  for (const Metrics& line : lines) sum += field(line);
  return sum / static_cast<double>(lines.size());
}

}  // namespace

std::vector<std::pair<ChainHealth::Sign, std::string>> ChainHealth::signs() const {
  std::vector<std::pair<Sign, std::string>> found;
  if (recent_.size() < fewest) return found;
  const double equipartition = mean_of(recent_, [](const Metrics& m) { return m.chains->equipartition; });
  if (!(equipartition > 1.0 / equipartition_factor && equipartition < equipartition_factor)) {
    found.emplace_back(
        Sign::equipartition,
        fmt::format(
            "the chains are far from equilibrium (equipartition {:.3g} in place of 1, so the gradient is "
            "not that of the likelihood, and the loss does not show it); {}",
            equipartition, remedy));
  }
  const double gap = mean_of(recent_, [](const Metrics& m) { return m.loss.term("energy_gap"); });
  const double spread = mean_of(
      recent_, [](const Metrics& m) { return m.loss.term("spread_data") + m.loss.term("spread_chains"); });
  if (std::abs(gap) > overlap_factor * (1.0 + spread)) {
    found.emplace_back(
        Sign::overlap,
        fmt::format("data and chains no longer share their energies (gap {:.3g} with spreads of {:.3g} "
                    "together, so the chains sample another distribution than the data's); {}",
                    gap, spread, remedy));
  }
  const double outside = mean_of(recent_, [](const Metrics& m) { return m.chains->outside; });
  if (outside > range_fraction) {
    found.emplace_back(
        Sign::range,
        fmt::format("{:.0f} % of the chains are outside the range of the training data (they sample where "
                    "no data can be); {}",
                    100.0 * outside, remedy));
  }
  return found;
}

std::vector<std::string> ChainHealth::look(const Metrics& metrics) {
  if (!metrics.chains || metrics.step < first_judged_step) return {};
  recent_.push_back(metrics);
  if (recent_.size() > window) recent_.pop_front();
  std::vector<std::string> news;
  for (const auto& [sign, text] : signs()) {
    if (warned_.insert(sign).second) news.push_back(fmt::format("step {}: {}", metrics.step, text));
  }
  return news;
}

std::vector<std::string> ChainHealth::verdict() const {
  if (signs().empty()) return {};
  return {
      "the run ended with failing chains (see the warnings above, and equipartition, energy_gap and outside "
      "in metrics.csv); "
      "its energies may rank samples, but do not use them as likelihoods"};
}

}  // namespace ebmpi::training
