// SPDX-License-Identifier: Apache-2.0
#include "inference/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ebmpi::inference {

std::vector<std::string> metrics_columns(const std::vector<BoundedParameter>& parameters) {
  std::vector<std::string> columns = {"step"};
  for (const BoundedParameter& parameter : parameters) {
    std::string name = parameter.name;
    std::ranges::replace_if(
        name, [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; }, '_');
    columns.push_back(name);
  }
  for (const char* name : {"score_norm", "explained", "width", "learning_rate", "restarts", "timeouts",
                           "simulations_per_second", "seconds"}) {
    columns.emplace_back(name);
  }
  return columns;
}

std::string metrics_line(const Metrics& m) {
  return fmt::format("{},{},{},{},{},{},{},{},{:.1f},{:.3f}", m.step, fmt::join(m.theta, ","),
                     m.report.score_norm, m.report.explained, m.report.width, m.report.learning_rate,
                     m.tally.restarts, m.tally.timeouts, m.simulations_per_second, m.seconds);
}

std::string describe(const Estimate& estimate) {
  std::size_t widest = 9;
  for (const ParameterEstimate& parameter : estimate.parameters)
    widest = std::max(widest, parameter.name.size());
  std::string text =
      fmt::format("{:<{}}  {:>12}  {:>14}  {:>{}}\n", "parameter", widest, "estimate", "standard error",
                  fmt::format("{:g} % interval", 100.0 * estimate.confidence), 26);
  for (const ParameterEstimate& parameter : estimate.parameters) {
    text += fmt::format("{:<{}}  {:>12.6g}  {:>14.3g}  {:>12.6g} {:>13.6g}\n", parameter.name, widest,
                        parameter.estimate, parameter.standard_error, parameter.lower, parameter.upper);
  }
  return text;
}

std::vector<std::string> warnings_about(const Estimate& estimate, double explained,
                                        const simulation::Tally& tally) {
  constexpr double least_explained = 0.01, most_explained = 0.98, most_drift = 1.0,
                   most_simulation_share = 0.5;
  std::vector<std::string> warnings;
  if (!estimate.is_determined()) {
    warnings.emplace_back(
        "the features tell nothing of some direction of the parameters (the information matrix is singular, "
        "so "
        "that there are no standard errors); use inference.features = \"quadratic\", a larger width, or "
        "fewer "
        "parameters");
  }
  if (explained > most_explained) {
    warnings.push_back(fmt::format(
        "a single observation tells {:.1f} % of the proposals' variance (the width is far beyond what one "
        "observation leaves open, and the score is smoothed that much); use a smaller inference.width",
        100.0 * explained));
  }
  if (estimate.is_determined() && explained < least_explained) {
    warnings.push_back(
        fmt::format("a single observation tells only {:.2g} % of the proposals' variance (the score is "
                    "mostly the noise of "
                    "the simulations); use a larger inference.width, or other features",
                    100.0 * std::max(explained, 0.0)));
  }
  double simulation_share = 0.0;
  for (const ParameterEstimate& parameter : estimate.parameters)
    simulation_share = std::max(simulation_share, parameter.simulation_error / parameter.standard_error);
  if (estimate.drift > most_drift) {
    warnings.push_back(fmt::format(
        "the tail has not settled (its halves differ by {:.1f} standard errors); run more steps, or from a "
        "better parameters.start",
        estimate.drift));
  } else if (simulation_share > most_simulation_share) {
    warnings.push_back(fmt::format(
        "up to {:.0f} % of a standard error comes of the simulations (not of the data); more steps or "
        "inference.simulations make it smaller",
        100.0 * simulation_share));
  }
  if (tally.truncated_rows > 0) {
    warnings.push_back(
        fmt::format("{} simulations stood still at simulator.most_events (their data are not those of the "
                    "model); raise it, or narrow the parameters",
                    tally.truncated_rows));
  }
  return warnings;
}

}  // namespace ebmpi::inference
