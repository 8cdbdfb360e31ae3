// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "inference/estimate.hpp"
#include "inference/likelihood_ascent.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::inference {

/// One line of metrics.csv. All but the last four columns are a function of the config alone.
struct Metrics {
  std::int64_t step = 0;
  std::vector<double> theta;  // (d), after the step
  StepReport report;
  simulation::Tally tally;  ///< since this process began, over all ranks
  double simulations_per_second = 0;
  double seconds = 0;
};

/// `names` (d) of the parameters; what a CSV file cannot hold in them becomes an underscore.
std::vector<std::string> metrics_columns(const std::vector<BoundedParameter>& parameters);
std::string metrics_line(const Metrics& metrics);

/// The table that a run ends with.
std::string describe(const Estimate& estimate);

/// What a person should know before believing the estimate; one line each.
std::vector<std::string> warnings_about(const Estimate& estimate, double explained,
                                        const simulation::Tally& tally);

}  // namespace ebmpi::inference
