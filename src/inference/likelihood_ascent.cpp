// SPDX-License-Identifier: Apache-2.0
#include "inference/likelihood_ascent.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cmath>

#include "config/derived.hpp"
#include "core/error.hpp"
#include "inference/information.hpp"

namespace ebmpi::inference {
namespace {

ShardedRows empty_rows(const comm::ShardMap& shards, std::int64_t total, std::int64_t columns) {
  const comm::IndexRange owned = shards.owned_slice(total);
  return {total, owned, columns, std::vector<double>(static_cast<std::size_t>(owned.size() * columns))};
}

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

/// The simulation of a number is not of this world: says which, and at what parameters.
void require_finite_rows(const ShardedRows& rows, std::span<const double> theta, std::size_t parameters,
                         const simulation::Simulator& simulator) {
  for (std::int64_t number = rows.owned.first; number < rows.owned.last; ++number) {
    const std::span<const double> row = rows.row(number);
    if (all_finite(row)) continue;
    const auto column = static_cast<std::size_t>(
        std::ranges::find_if_not(row, [](double value) { return std::isfinite(value); }) - row.begin());
    const auto at =
        theta.subspan(static_cast<std::size_t>(number - rows.owned.first) * parameters, parameters);
    throw core::InputError(fmt::format(
        "simulation {} gave {} = {} at the parameters ({:.6g}) (a score cannot be fitted to it); narrow the "
        "parameters by parameters.lower and upper, or mend the simulator",
        number, simulator.column_names()[column], row[column], fmt::join(at, ", ")));
  }
}

}  // namespace

std::int64_t fewest_simulations(std::int64_t features, std::int64_t parameters) {
  return 2 * (features + 1) + parameters;
}

LikelihoodAscent::LikelihoodAscent(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                   simulation::Simulator& simulator, const Coordinates& coordinates,
                                   const ShardedRows& observations, const Settings& settings,
                                   std::span<const double> start)
    : communicator_(communicator),
      shards_(shards),
      simulator_(simulator),
      coordinates_(coordinates),
      observations_(observations),
      settings_(settings),
      proposal_key_(core::stream_key(settings.seed, core::Purpose::parameter_proposal)),
      simulation_key_(core::stream_key(settings.seed, core::Purpose::simulation)) {
  state_.u.assign(start.begin(), start.end());
  state_.moments = {std::vector<double>(start.size()), std::vector<double>(start.size())};
  if (settings.features == FeatureKind::neural) {
    network_ = make_score_network(communicator, shards, settings.network, settings.simulations,
                                  simulator.columns(), static_cast<std::int64_t>(start.size()));
  }
  if (observations.columns != simulator.columns()) {
    throw core::InputError(
        fmt::format("observations have {} columns and the simulator's rows {} (they must be alike); use the "
                    "simulator that "
                    "they belong to",
                    observations.columns, simulator.columns()));
  }
  const auto count = static_cast<std::int64_t>(features());
  // A pilot fits to half of them.
  const std::int64_t fitted =
      settings.width_rule == WidthRule::pilot ? settings.simulations / 2 : settings.simulations;
  const std::int64_t fewest = fewest_simulations(count, static_cast<std::int64_t>(start.size()));
  if (fitted >= fewest) return;
  throw core::InputError(
      fmt::format("inference.simulations = {} leaves {} to fit the score to, of {} features (fewer than {} "
                  "would be fitted to "
                  "noise); use more{}",
                  settings.simulations, fitted, count, fewest,
                  settings.features == FeatureKind::quadratic ? ", or inference.features = \"linear\"" : ""));
}

std::size_t LikelihoodAscent::features() const {
  return static_cast<std::size_t>(config::feature_count(settings_.features, simulator_.columns(),
                                                        static_cast<std::int64_t>(parameters())));
}

std::vector<double> LikelihoodAscent::width(std::int64_t step) const {
  std::vector<double> result = settings_.width;
  if (settings_.width_rule == WidthRule::annealed && settings_.annealed_steps > 1) {
    const double share = static_cast<double>(step) / static_cast<double>(settings_.annealed_steps - 1);
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] *= std::pow(settings_.final_width[i] / settings_.width[i], share);
  }
  for (double& value : result) value *= state_.factor;
  return result;
}

void LikelihoodAscent::draw_proposals(std::uint32_t number, ShardedRows& proposals) const {
  const Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace> rows(proposals.owned.first,
                                                                    proposals.owned.last);
  const auto size = static_cast<std::size_t>(proposals.columns);
  Kokkos::parallel_for("ebmpi::inference::draw_proposals", rows, [&](std::int64_t row) {
    double* const xi = &proposals.values[static_cast<std::size_t>(row - proposals.owned.first) * size];
    for (std::size_t i = 0; i < size; i += 2) {
      const core::PhiloxBlock bits = core::draw(proposal_key_, static_cast<std::uint64_t>(row), number,
                                                static_cast<std::uint32_t>(i / 2));
      double first = 0.0, second = 0.0;
      core::normal_pair(bits.word[0], bits.word[1], first, second);
      xi[i] = first;
      if (i + 1 < size) xi[i + 1] = second;
    }
  });
}

LikelihoodAscent::Simulations LikelihoodAscent::simulate(std::uint32_t number,
                                                         std::span<const double> width) {
  const std::size_t size = parameters();
  Simulations result{empty_rows(shards_, settings_.simulations, static_cast<std::int64_t>(size)),
                     empty_rows(shards_, settings_.simulations, simulator_.columns())};
  draw_proposals(number, result.proposals);
  std::vector<double> theta(result.proposals.values.size()), u(size);
  for (std::size_t first = 0; first < theta.size(); first += size) {
    for (std::size_t i = 0; i < size; ++i) u[i] = state_.u[i] + width[i] * result.proposals.values[first + i];
    coordinates_.simulated_theta(u, std::span(theta).subspan(first, size));
  }
  communicator_.together([&] {
    simulator_.simulate({simulation_key_, number, result.data.owned.first}, theta, result.data.values);
    require_finite_rows(result.data, theta, size, simulator_);
  });
  return result;
}

FitSums LikelihoodAscent::sum_rows(const Simulations& simulations, const Features& features,
                                   comm::IndexRange part) const {
  const std::size_t count = features.count(), size = parameters();
  const RowWriter write = [&](std::int64_t number, std::span<double> row) {
    features(simulations.data.row(number), row.first(count));
    row[count] = 1.0;
    std::ranges::copy(simulations.proposals.row(number),
                      row.begin() + static_cast<std::ptrdiff_t>(count) + 1);
  };
  return {squared_sums(communicator_, shards_, settings_.simulations, part, count + 1 + size, write), count,
          size};
}

void LikelihoodAscent::require_sane(std::span<const double> values) const {
  if (all_finite(values) && all_finite(coordinates_.theta(state_.u)) &&
      std::ranges::all_of(coordinates_.slope(state_.u), [](double slope) { return slope > 0.0; })) {
    return;
  }
  throw core::DivergenceError(fmt::format(
      "the ascent left all bounds in step {} (parameters, or the score fitted to their simulations, are no "
      "numbers any more); start nearer by parameters.start, use a smaller inference.learning_rate or width, "
      "or "
      "bound the parameters by parameters.lower and upper",
      state_.step + 1));
}

void LikelihoodAscent::run_pilot() {
  if (settings_.width_rule != WidthRule::pilot) return;
  const std::int64_t half = settings_.simulations / 2;
  double best = 0.0, chosen = 0.0;
  for (std::size_t pilot = 0; pilot < settings_.pilot_widths.size(); ++pilot) {
    std::vector<double> width = settings_.width;
    double scale = 0.0;
    for (double& value : width) {
      value *= settings_.pilot_widths[pilot];
      scale += std::log(value) / static_cast<double>(width.size());
    }
    // Steps count up from 0, pilots down from the largest number.
    const Simulations simulations = simulate(~static_cast<std::uint32_t>(pilot), width);
    const Features features(settings_.features, standardization_of(communicator_, shards_, simulations.data));
    const ScoreFit fit =
        fit_score(communicator_, sum_rows(simulations, features, {0, half}), settings_.ridge);
    const FitSums held_out = sum_rows(simulations, features, {half, settings_.simulations});
    // Per u², so that widths can be compared.
    const double gain = held_out_fit(fit.score, held_out) * std::exp(-2.0 * scale);
    if (chosen != 0.0 && !(gain > best)) continue;
    best = gain;
    chosen = settings_.pilot_widths[pilot];
  }
  state_.factor = chosen;
}

LikelihoodAscent::Fit LikelihoodAscent::fit_to(const Simulations& simulations) {
  const comm::IndexRange all = {0, settings_.simulations};
  const Standardization standardization = standardization_of(communicator_, shards_, simulations.data);
  require_sane(standardization.deviation);
  const auto fit_with = [&](const Simulations& rows, const ShardedRows& observations,
                            const Features& features) -> Fit {
    ScoreFit fit = fit_score(communicator_, sum_rows(rows, features, all), settings_.ridge);
    std::vector<double> score = fit.score(mean_features(communicator_, shards_, observations, features));
    return {std::move(fit), std::move(score)};
  };
  if (!network_) return fit_with(simulations, observations_, Features(settings_.features, standardization));
  // What the network gives are further columns, of which the features are linear.
  const Simulations wider{simulations.proposals, network_->with_outputs(simulations.data, standardization)};
  const Features features(FeatureKind::linear, standardization_of(communicator_, shards_, wider.data));
  Fit fit = fit_with(wider, network_->with_outputs(observations_, standardization), features);
  network_->train(simulations.data, standardization, simulations.proposals);
  return fit;
}

StepReport LikelihoodAscent::step() {
  const std::size_t size = parameters();
  const std::vector<double> sigma = width(state_.step);
  const Simulations simulations = simulate(static_cast<std::uint32_t>(state_.step), sigma);
  const auto [fit, score] = fit_to(simulations);
  require_sane(score);
  require_sane(fit.information);

  const std::vector<double> move = ascent_move(settings_.ascent, state_.step, settings_.simulations, score,
                                               fit.information, state_.moments);
  for (std::size_t i = 0; i < size; ++i) state_.u[i] += sigma[i] * move[i];
  coordinates_.clip(state_.u);
  communicator_.broadcast(std::span(state_.u));
  require_sane(state_.u);

  Trace& trace = state_.trace;
  const auto append = [](std::vector<double>& to, const std::vector<double>& values) {
    to.insert(to.end(), values.begin(), values.end());
  };
  append(trace.u, state_.u);
  append(trace.smoothed, packed(size, rescaled(sigma, fit.information)));
  append(trace.information, packed(size, rescaled(sigma, deconvolved(size, fit.information))));

  StepReport report{.explained = fit.explained(), .learning_rate = settings_.ascent.rate(state_.step)};
  double square = 0.0, logarithm = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    square += score[i] / sigma[i] * (score[i] / sigma[i]);
    logarithm += std::log(sigma[i]) / static_cast<double>(size);
  }
  report.score_norm = std::sqrt(square);
  report.width = std::exp(logarithm);
  ++state_.step;
  return report;
}

ShardedRows simulate_at(const comm::Communicator& communicator, const comm::ShardMap& shards,
                        simulation::Simulator& simulator, std::span<const double> theta, std::int64_t count,
                        std::uint64_t seed) {
  ShardedRows rows = empty_rows(shards, count, simulator.columns());
  std::vector<double> repeated;
  for (std::int64_t row = 0; row < rows.owned.size(); ++row)
    repeated.insert(repeated.end(), theta.begin(), theta.end());
  communicator.together([&] {
    simulator.simulate({core::stream_key(seed, core::Purpose::synthetic_data), 0, rows.owned.first}, repeated,
                       rows.values);
    require_finite_rows(rows, repeated, theta.size(), simulator);
  });
  return rows;
}

}  // namespace ebmpi::inference
