// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "objective/contrastive_divergence.hpp"

namespace ebmpi::training {

/// Means over the chains of one step, taken at their last gradient.
struct ChainMetrics {
  double gradient_norm = 0;  ///< mean ‖∇E‖
  double equipartition =
      0;  ///< mean (x - c)·∇E / (D·T): 1 for chains in equilibrium, by partial integration, whatever E is
  double outside = 0;  ///< fraction outside the range of the training data
  double age = 0;      ///< mean Langevin steps since the last restart
};

/// One line of metrics.csv. All but the last two columns are a function of the config alone.
struct Metrics {
  std::int64_t step = 0;
  objective::ContrastiveLoss loss;
  double validation_energy = 0;  ///< mean energy of held-out data; NaN where nothing is held out
  double gradient_norm = 0;      ///< of the parameter gradient, before clipping
  double learning_rate = 0;
  ChainMetrics chains;
  double samples_per_second = 0;
  double seconds = 0;  ///< spent in steps since the run began, over all restarts
};

std::vector<std::string> metrics_columns();
std::string metrics_line(const Metrics& metrics);

}  // namespace ebmpi::training
