// SPDX-License-Identifier: Apache-2.0
#include "objective/contrastive_divergence.hpp"

#include <algorithm>
#include <cmath>

namespace ebmpi::objective {

ContrastiveLoss contrastive_loss(const double (&sums)[4], double samples, double energy_regularization) {
  ContrastiveLoss result;
  result.energy_data = sums[0] / samples;
  result.energy_chains = sums[2] / samples;
  const double square_data = sums[1] / samples;
  const double square_chains = sums[3] / samples;
  result.spread_data = std::sqrt(std::max(0.0, square_data - result.energy_data * result.energy_data));
  result.spread_chains =
      std::sqrt(std::max(0.0, square_chains - result.energy_chains * result.energy_chains));
  result.loss = result.gap() + energy_regularization * (square_data + square_chains);
  return result;
}

}  // namespace ebmpi::objective
