// SPDX-License-Identifier: Apache-2.0
#include "training/chain_health.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sampling/energy_record.hpp"

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
/// Acceptance of a Metropolis test below which chains hardly move, and above which their steps are needlessly
/// short.
constexpr double least_acceptance = 0.05;
constexpr double most_acceptance = 0.98;
/// Exchanges of temperatures below which replicas hardly help each other.
constexpr double least_exchange_rate = 0.05;
/// R-hat above which chains have not mixed within their history, which has to be full: shorter ones of chains
/// that are correlated for a few check-ins look the same.
constexpr double most_r_hat = 1.1;
constexpr std::int64_t full_history = sampling::EnergyRecord<float>::length;

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

void ChainHealth::add_equilibrium(Found& found) const {
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
}

void ChainHealth::add_acceptance(Found& found) const {
  if (!recent_.back().chains->acceptance) return;
  const double acceptance = mean_of(recent_, [](const Metrics& m) { return *m.chains->acceptance; });
  if (!(acceptance >= least_acceptance)) {
    found.emplace_back(
        Sign::stuck, fmt::format("{:.2g} % of the chains' proposals are accepted (the chains hardly move, so "
                                 "that the negatives lag behind the network); lower sampler.step_size, or "
                                 "give sampler.adapt_steps to have it tuned",
                                 100.0 * acceptance));
  } else if (acceptance > most_acceptance) {
    found.emplace_back(
        Sign::short_steps,
        fmt::format("{:.3g} % of the chains' proposals are accepted (their steps are shorter "
                    "than they need be, and so is their way); raise sampler.step_size, or give "
                    "sampler.adapt_steps to have it tuned",
                    100.0 * acceptance));
  }
}

void ChainHealth::add_mixing(Found& found) const {
  const ChainMetrics& newest = *recent_.back().chains;
  if (newest.exchange_rate) {
    const double rate = mean_of(recent_, [](const Metrics& m) { return *m.chains->exchange_rate; });
    if (!(rate >= least_exchange_rate)) {
      found.emplace_back(
          Sign::exchange,
          fmt::format("{:.2g} % of the exchanges of temperatures are accepted (hot replicas "
                      "hardly help the cold ones over barriers); raise sampler.levels or lower "
                      "sampler.hottest",
                      100.0 * rate));
    }
  }
  const bool judges = newest.r_hat && recent_.front().chains->r_hat_draws >= full_history;
  if (!judges) return;
  const double r_hat = mean_of(recent_, [](const Metrics& m) { return *m.chains->r_hat; });
  if (r_hat > most_r_hat) {
    found.emplace_back(
        Sign::mixing,
        fmt::format(
            "the persistent chains do not mix (R-hat {:.3g} of the energies at their last {} uses, in "
            "place of 1: each stays where it is); raise sampler.steps or sampler.reinitialize, lower "
            "sampler.population, or use sampler.kind = \"parallel_tempering\"",
            r_hat, full_history));
  }
}

ChainHealth::Found ChainHealth::signs() const {
  Found found;
  if (recent_.size() < fewest) return found;
  add_equilibrium(found);
  add_acceptance(found);
  add_mixing(found);
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
  const auto is_failure = [](const auto& sign) {
    return sign.first != Sign::short_steps && sign.first != Sign::exchange && sign.first != Sign::mixing;
  };
  if (std::ranges::none_of(signs(), is_failure)) return {};
  return {
      "the run ended with failing chains (see the warnings above, and equipartition, energy_gap and outside "
      "in metrics.csv); "
      "its energies may rank samples, but do not use them as likelihoods"};
}

}  // namespace ebmpi::training
