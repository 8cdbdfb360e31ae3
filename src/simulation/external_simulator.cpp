// SPDX-License-Identifier: Apache-2.0
#include "simulation/external_simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "core/error.hpp"
#include "core/random.hpp"

namespace ebmpi::simulation {

namespace {

std::vector<Parameter> named_parameters(const Settings& settings) {
  if (settings.command.find_first_not_of(" \t\n") == std::string::npos)
    throw core::InputError("an external simulator has no command (simulator.command is empty); name one");
  if (settings.parameter_names.empty())
    throw core::InputError(
        "an external simulator has no parameters (parameters.names is empty); name each of them");
  if (!settings.typical.empty() && settings.typical.size() != settings.parameter_names.size())
    throw core::InputError(fmt::format(
        "an external simulator has {} parameters and {} typical values (one belongs to each); give as many",
        settings.parameter_names.size(), settings.typical.size()));
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < settings.parameter_names.size(); ++i) {
    const std::string& name = settings.parameter_names[i];
    if (std::ranges::count(settings.parameter_names, name) > 1)
      throw core::InputError(
          fmt::format("two parameters of a simulator are called {} (results could not be told apart); "
                      "give them different names",
                      quote(name)));
    parameters.push_back({name, -infinity, infinity, settings.typical.empty() ? 0.0 : settings.typical[i]});
  }
  return parameters;
}

}  // namespace

std::uint64_t seed_of_row(core::PhiloxKey key, std::uint32_t step, std::int64_t number) {
  const core::PhiloxBlock block = core::draw(key, static_cast<std::uint64_t>(number), step, 0);
  return (static_cast<std::uint64_t>(block.word[0]) << 21) | (block.word[1] >> 11);
}

ExternalSimulator::ExternalSimulator(const Settings& settings)
    : parameters_(named_parameters(settings)), pool_(settings) {
  if (settings.columns > 0) return;
  const core::PhiloxKey key = core::stream_key(settings.seed, core::Purpose::simulation);
  const std::vector<std::uint64_t> seeds = {seed_of_row(key, 0, 0)};
  std::vector<double> theta;
  for (const Parameter& parameter : parameters_) theta.push_back(parameter.typical);
  pool_.answer({theta.size(), seeds, theta, {}});
}

void ExternalSimulator::simulate(const Context& context, std::span<const double> theta, std::span<double> x) {
  const std::size_t width = parameters_.size();
  const std::size_t rows = theta.size() / width;
  if (theta.size() != rows * width || x.size() != rows * pool_.columns())
    throw std::invalid_argument("simulate: theta (n, d) and x (n, D) do not fit together");
  std::vector<std::uint64_t> seeds;
  for (std::size_t row = 0; row < rows; ++row)
    seeds.push_back(
        seed_of_row(context.key, context.step, context.first_number + static_cast<std::int64_t>(row)));
  pool_.answer({width, seeds, theta, x});
}

}  // namespace ebmpi::simulation
