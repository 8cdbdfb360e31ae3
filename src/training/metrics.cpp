// SPDX-License-Identifier: Apache-2.0
#include "training/metrics.hpp"

#include <fmt/format.h>

namespace ebmpi::training {

std::vector<std::string> metrics_columns() {
  return {"step",          "loss",          "energy_data",         "energy_chains",
          "energy_gap",    "spread_data",   "spread_chains",       "validation_energy",
          "gradient_norm", "learning_rate", "chain_gradient_norm", "equipartition",
          "outside",       "chain_age",     "samples_per_second",  "seconds"};
}

std::string metrics_line(const Metrics& m) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.1f},{:.3f}", m.step, m.loss.loss,
                     m.loss.energy_data, m.loss.energy_chains, m.loss.gap(), m.loss.spread_data,
                     m.loss.spread_chains, m.validation_energy, m.gradient_norm, m.learning_rate,
                     m.chains.gradient_norm, m.chains.equipartition, m.chains.outside, m.chains.age,
                     m.samples_per_second, m.seconds);
}

}  // namespace ebmpi::training
