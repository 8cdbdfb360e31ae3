// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "training/metrics.hpp"

namespace ebmpi::training {

/// Watches the negatives: short chains that do not mix are no estimate of the gradient, and nothing in the loss says so.
class ChainHealth {
 public:
  explicit ChainHealth(double step_size);

  /// Warnings that this line of metrics gives rise to, each kind once in a run.
  std::vector<std::string> look(const Metrics& metrics);
  /// Warnings about the run as a whole, at its end.
  std::vector<std::string> verdict() const;

 private:
  double step_size_;
  std::vector<Metrics> seen_;
};

}  // namespace ebmpi::training
