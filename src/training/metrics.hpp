// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "objective/objective.hpp"

namespace ebmpi::training {

/// Means over the chains of one step, taken at their last gradient.
struct ChainMetrics {
  double gradient_norm = 0;  ///< mean ‖∇E‖
  double equipartition =
      0;  ///< mean (x - c)·∇E / (D·T): 1 for chains in equilibrium, by partial integration, whatever E is
  double outside = 0;  ///< fraction outside the range of the training data
  double age = 0;      ///< mean Langevin steps since the last restart
};

/// One line of metrics.csv. All but the last two columns are a function of the config alone. A figure that
/// the objective does not have has no column.
struct Metrics {
  std::int64_t step = 0;
  objective::LossReport loss;               ///< of the step's batch
  std::optional<double> validation_energy;  ///< mean energy of held-out data; NaN where nothing is held out
  double score_norm = 0;                    ///< root of the mean ‖∇E‖² over held-out data
  std::optional<double> log_z;              ///< learned log Z, in model space
  double validation_loss = 0;               ///< the last one; NaN before the first
  double gradient_norm = 0;                 ///< of the parameter gradient, before clipping
  double learning_rate = 0;
  std::optional<ChainMetrics> chains;
  double samples_per_second = 0;
  double seconds = 0;  ///< spent in steps since the run began, over all restarts

  /// The step's loss as a fraction of the validation loss: 1 where the model treats new data as it does those
  /// it was trained on.
  double loss_fraction() const { return loss.loss / validation_loss; }
};

/// The columns that metrics of this form have.
std::vector<std::string> metrics_columns(const Metrics& metrics);
std::string metrics_line(const Metrics& metrics);

}  // namespace ebmpi::training
