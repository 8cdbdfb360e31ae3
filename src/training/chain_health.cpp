// SPDX-License-Identifier: Apache-2.0
#include "training/chain_health.hpp"

namespace ebmpi::training {

ChainHealth::ChainHealth(double step_size) : step_size_(step_size) {}

std::vector<std::string> ChainHealth::look(const Metrics& metrics) {
  seen_.push_back(metrics);
  return {};
}

std::vector<std::string> ChainHealth::verdict() const { return {}; }

}  // namespace ebmpi::training
