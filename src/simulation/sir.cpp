// SPDX-License-Identifier: Apache-2.0
#include "simulation/sir.hpp"

#include <limits>

namespace ebmpi::simulation {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Days that the epidemic of a thousand with the typical rates takes.
constexpr double default_duration = 60.0;

}  // namespace

std::unique_ptr<Simulator> sir(const Settings& settings) {
  const double duration = settings.duration > 0.0 ? settings.duration : default_duration;
  const Sir program{settings.population, settings.infected, settings.times, duration, settings.record};
  std::vector<std::string> names;
  for (int i = 0; i < program.columns(); ++i) names.push_back("infected_" + std::to_string(i + 1));
  if (settings.record == Record::summary) names = {"final_size"};
  // The rates are the medians of the benchmark's prior.
  return std::make_unique<ProgramSimulator<Sir>>(
      "ebmpi::simulation::sir", program,
      std::vector<Parameter>{{"infection_rate", 0.0, infinity, 0.4}, {"recovery_rate", 0.0, infinity, 0.125}},
      names);
}

}  // namespace ebmpi::simulation
