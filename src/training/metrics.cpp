// SPDX-License-Identifier: Apache-2.0
#include "training/metrics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ebmpi::training {
namespace {

using Cells = std::vector<std::pair<std::string, std::string>>;

/// Column by column; a number reads back exactly.
Cells cells(const Metrics& m) {
  Cells result;
  const auto add = [&](const std::string& name, double value) {
    result.emplace_back(name, fmt::format("{}", value));
  };
  const auto add_optional = [&](const std::string& name, const std::optional<double>& value) {
    if (value) add(name, *value);
  };
  result.emplace_back("step", fmt::format("{}", m.step));
  add("loss", m.loss.loss);
  for (const auto& [name, value] : m.loss.terms) add(name, value);
  add_optional("validation_energy", m.validation_energy);
  add("score_norm", m.score_norm);
  add_optional("log_z", m.log_z);
  add("validation_loss", m.validation_loss);
  if (m.is_comparable && !m.chains) add("loss_fraction", m.loss_fraction());
  add("gradient_norm", m.gradient_norm);
  add("learning_rate", m.learning_rate);
  if (m.flow) {
    add("flow_log_likelihood", m.flow->log_likelihood);
    result.emplace_back("flow_updates", fmt::format("{}", m.flow->updates));
  }
  if (m.chains) {
    add("chain_gradient_norm", m.chains->gradient_norm);
    add("equipartition", m.chains->equipartition);
    add("outside", m.chains->outside);
    add("chain_age", m.chains->age);
    add_optional("chain_acceptance", m.chains->acceptance);
    add_optional("chain_step_size", m.chains->step_size);
    add_optional("exchange_rate", m.chains->exchange_rate);
    add_optional("chain_ancestors", m.chains->ancestors);
    add_optional("chain_autocorrelation", m.chains->autocorrelation);
    add_optional("chain_r_hat", m.chains->r_hat);
  }
  result.emplace_back("samples_per_second", fmt::format("{:.1f}", m.samples_per_second));
  result.emplace_back("seconds", fmt::format("{:.3f}", m.seconds));
  return result;
}

}  // namespace

std::vector<std::string> metrics_columns(const Metrics& metrics) {
  std::vector<std::string> names;
  for (const auto& [name, value] : cells(metrics)) names.push_back(name);
  return names;
}

std::string metrics_line(const Metrics& metrics) {
  std::vector<std::string> values;
  for (const auto& [name, value] : cells(metrics)) values.push_back(value);
  return fmt::format("{}", fmt::join(values, ","));
}

}  // namespace ebmpi::training
