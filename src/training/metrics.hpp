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
  double outside = 0;                   ///< fraction outside the range of the training data
  double age = 0;                       ///< mean steps since the last restart
  std::optional<double> acceptance;     ///< mean probability, with a Metropolis test; of the coldest replicas
  std::optional<double> step_size;      ///< to be taken next, with a Metropolis test
  std::optional<double> exchange_rate;  ///< of temperatures: share accepted
  /// Of persistent chains: the share of those in the population that have not restarted in the last log_every
  /// steps of training.
  std::optional<double> ancestors;
  /// Of persistent chains: the correlation, over those that did not restart, of the energies at which a chain
  /// was written back last and the time before.
  std::optional<double> autocorrelation;
  /// Of the energies of the first persistent chains when they were last written back, less their common
  /// drift.
  std::optional<double> r_hat;
  std::int64_t r_hat_draws = 0;  ///< how many of each chain it is made of; no column
};

/// Of the flow that plays against an energy.
struct FlowMetrics {
  double log_likelihood =
      0;                     ///< mean log q over held-out data, in model space; NaN where nothing is held out
  std::int64_t updates = 0;  ///< of the flow so far; the other steps were the energy's
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
  bool is_comparable = true;                ///< whether it is of the objective that is trained
  double gradient_norm = 0;                 ///< of the parameter gradient, before clipping
  double learning_rate = 0;
  std::optional<FlowMetrics> flow;
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
