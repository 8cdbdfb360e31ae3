// SPDX-License-Identifier: Apache-2.0
#include "simulation/lotka_volterra.hpp"

#include <limits>

namespace ebmpi::simulation {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// At the typical rates a period is 9 long. The summaries need a few, and the duration of Papamakarios and
/// Murray 2016 is that; but then in one of 200 paths the predators die out and prey explode.
constexpr double duration_of_path = 10.0, duration_of_summaries = 30.0;

std::vector<std::string> column_names(const Settings& settings) {
  if (settings.record == Record::summary)
    return {"predator_mean",     "prey_mean",      "predator_log_variance",
            "prey_log_variance", "predator_lag_1", "predator_lag_2",
            "prey_lag_1",        "prey_lag_2",     "correlation"};
  std::vector<std::string> names;
  for (std::int64_t i = 1; i <= settings.times; ++i) {
    names.push_back("predators_" + std::to_string(i));
    names.push_back("prey_" + std::to_string(i));
  }
  return names;
}

}  // namespace

std::unique_ptr<Simulator> lotka_volterra(const Settings& settings) {
  const double by_default = settings.record == Record::summary ? duration_of_summaries : duration_of_path;
  const double duration = settings.duration > 0.0 ? settings.duration : by_default;
  return std::make_unique<ProgramSimulator<LotkaVolterra>>(
      "ebmpi::simulation::lotka_volterra",
      LotkaVolterra{settings.times, duration, settings.record, settings.most_events},
      std::vector<Parameter>{{"predator_birth", 0.0, infinity, 0.01},
                             {"predator_death", 0.0, infinity, 0.5},
                             {"prey_birth", 0.0, infinity, 1.0},
                             {"prey_death", 0.0, infinity, 0.01}},
      column_names(settings));
}

}  // namespace ebmpi::simulation
