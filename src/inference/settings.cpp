// SPDX-License-Identifier: Apache-2.0
#include "inference/settings.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "io/dataset_reader.hpp"

namespace ebmpi::inference {
namespace {

void require_length(const std::string& name, std::size_t length, std::size_t parameters) {
  if (length == parameters) return;
  throw core::InputError(
      fmt::format("{} has {} entries for {} parameters (each has one of its own); give as many", name, length,
                  parameters));
}

/// One number for all, or one for each.
std::vector<double> spread(const std::string& name, const std::vector<double>& values,
                           std::size_t parameters) {
  if (values.size() == 1) return std::vector<double>(parameters, values.front());
  require_length(name, values.size(), parameters);
  return values;
}

simulation::Settings simulator_settings(const config::RunConfig& config) {
  const config::SimulatorSection& section = config.simulator;
  return {.kind = section.kind,
          .seed = static_cast<std::uint64_t>(config.run.seed),
          .dimension = section.dimension,
          .noise = section.noise,
          .draws = section.draws,
          .population = section.population,
          .infected = section.infected,
          .customers = section.customers,
          .times = section.times,
          .duration = section.duration,
          .record = section.record == config::SimulationRecord::summary ? simulation::Record::summary
                                                                        : simulation::Record::standard,
          .most_events = section.most_events,
          .command = section.command,
          .exchange = section.exchange == config::ExchangeKind::hdf5 ? simulation::Exchange::hdf5
                                                                     : simulation::Exchange::csv,
          .workers = section.workers,
          .timeout = section.timeout,
          .retries = section.retries,
          .batch = section.batch,
          .columns = section.columns,
          .parameter_names = config.parameters.names,
          .typical = config.parameters.start,
          .scratch_folder = ""};
}

ShardedRows read_observations(const comm::Communicator& communicator, const comm::ShardMap& shards,
                              const config::RunConfig& config) {
  const io::DatasetReader reader(communicator, io::dataset_in(config.data.file, config.data.dataset));
  ShardedRows rows{reader.rows(), shards.owned_slice(reader.rows()), reader.columns(), {}};
  rows.values.resize(static_cast<std::size_t>(rows.owned.size() * rows.columns));
  communicator.together([&] { reader.read_rows(rows.owned.first, rows.owned.size(), rows.values); });
  reader.check_finite(rows.owned.first, rows.values);
  return rows;
}

}  // namespace

std::unique_ptr<simulation::Simulator> make_simulator(const comm::Communicator& communicator,
                                                      const config::RunConfig& config) {
  std::unique_ptr<simulation::Simulator> simulator;
  communicator.together([&] { simulator = simulation::make_simulator(simulator_settings(config)); });
  return simulator;
}

Coordinates make_coordinates(const config::RunConfig& config, const simulation::Simulator& simulator) {
  const auto& [start, lower, upper, names, transform] = config.parameters;
  std::vector<BoundedParameter> parameters;
  for (const simulation::Parameter& parameter : simulator.parameters())
    parameters.push_back({parameter.name, parameter.lower, parameter.upper});
  if (!lower.empty()) require_length("parameters.lower", lower.size(), parameters.size());
  if (!upper.empty()) require_length("parameters.upper", upper.size(), parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    BoundedParameter& parameter = parameters[i];
    const double wanted_lower = lower.empty() ? parameter.lower : lower[i];
    const double wanted_upper = upper.empty() ? parameter.upper : upper[i];
    if (wanted_lower < parameter.lower || wanted_upper > parameter.upper || wanted_lower >= wanted_upper) {
      throw core::InputError(
          fmt::format("parameters.lower and upper let {} be between {} and {} (the simulator takes it "
                      "between {} and {}); give "
                      "bounds within those",
                      parameter.name, wanted_lower, wanted_upper, parameter.lower, parameter.upper));
    }
    parameter.lower = wanted_lower;
    parameter.upper = wanted_upper;
  }
  return {parameters,
          transform == config::TransformKind::none ? CoordinateKind::plain : CoordinateKind::unconstrained};
}

void require_inside(const std::string& name, std::span<const double> theta, const Coordinates& coordinates) {
  require_length(name, theta.size(), coordinates.size());
  for (std::size_t i = 0; i < theta.size(); ++i) {
    const BoundedParameter& parameter = coordinates.parameters()[i];
    if (theta[i] > parameter.lower && theta[i] < parameter.upper && std::isfinite(theta[i])) continue;
    throw core::InputError(fmt::format("{} has {} = {} (it must be above {} and below {}); give one that is",
                                       name, parameter.name, theta[i], parameter.lower, parameter.upper));
  }
}

std::vector<double> start_of(const config::RunConfig& config, const Coordinates& coordinates,
                             const simulation::Simulator& simulator) {
  std::vector<double> start = config.parameters.start;
  if (start.empty()) {
    for (const simulation::Parameter& parameter : simulator.parameters()) start.push_back(parameter.typical);
  }
  require_inside("parameters.start", start, coordinates);
  return start;
}

Settings make_settings(const config::RunConfig& config, std::size_t parameters) {
  const config::InferenceSection& section = config.inference;
  const bool annealed = section.width_rule == WidthRule::annealed;
  return {.seed = static_cast<std::uint64_t>(config.run.seed),
          .simulations = section.simulations,
          .features = section.features,
          .ridge = section.ridge,
          .width = spread("inference.width", section.width, parameters),
          .width_rule = section.width_rule,
          .final_width = annealed ? spread("inference.final_width", section.final_width, parameters)
                                  : std::vector<double>(),
          .annealed_steps = annealed ? config.run.steps : 0,
          .pilot_widths = section.pilot_widths,
          .ascent = {section.ascent, section.learning_rate, section.decay},
          .network = {.hidden = std::vector<int>(config.network.hidden.begin(), config.network.hidden.end()),
                      .activation = config.network.activation,
                      .precision = config.run.precision,
                      .learning_rate = config.optimizer.learning_rate,
                      .updates = section.updates,
                      .seed = static_cast<std::uint64_t>(config.run.seed)}};
}

ShardedRows load_observations(const comm::Communicator& communicator, const comm::ShardMap& shards,
                              const config::RunConfig& config, simulation::Simulator& simulator,
                              const Coordinates& coordinates) {
  if (!config.data.file.empty()) return read_observations(communicator, shards, config);
  require_inside("data.truth", config.data.truth, coordinates);
  return simulate_at(communicator, shards, simulator, config.data.truth, config.data.count,
                     static_cast<std::uint64_t>(config.run.seed));
}

}  // namespace ebmpi::inference
