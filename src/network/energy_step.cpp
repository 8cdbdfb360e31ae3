// SPDX-License-Identifier: Apache-2.0
#include "network/energy_step.hpp"

#include <algorithm>
#include <stdexcept>

namespace ebmpi::network {

using What = EnergyStep::What;

namespace {

/// Parts that `steps` refer to.
std::int64_t parts_of(const std::vector<EnergyStep>& steps) {
  std::int64_t parts = 0;
  for (const EnergyStep& step : steps) {
    if (step.what == What::part) parts = std::max(parts, step.part + 1);
  }
  return parts;
}

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

}  // namespace

void check_steps(const std::vector<EnergyStep>& steps, std::int64_t parts) {
  std::vector<int> members{0};  // of what is open, the outermost first
  for (const EnergyStep& step : steps) {
    switch (step.what) {
      case What::open_sum:
      case What::open_mixture:
        members.push_back(0);
        require(static_cast<int>(members.size()) - 1 <= deepest_energy, "energies nested too deeply");
        continue;
      case What::part:
        require(step.part >= 0 && step.part < parts, "a part that does not exist");
        break;
      case What::close:
        require(members.size() > 1, "a close without an open");
        require(members.back() > 0, "a sum or a mixture of nothing");
        members.pop_back();
        break;
      default:
        require(false, "an unknown step");
    }
    ++members.back();
  }
  require(members.size() == 1 && members.back() == 1, "one energy, closed");
}

std::vector<EnergyStep> combine(What open, const std::vector<std::vector<EnergyStep>>& members,
                                const std::vector<double>& weights, const std::vector<double>& log_shares) {
  std::vector<EnergyStep> steps{{open, 0, 1.0, 0.0}};
  std::int64_t parts = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (EnergyStep step : members[i]) {
      if (step.what == What::part) step.part += parts;
      steps.push_back(step);
    }
    // A lone part is a member itself; what it weighed alone counts too.
    steps.back().weight *= weights[i];
    if (!log_shares.empty()) steps.back().log_share = log_shares[i];
    parts += parts_of(members[i]);
  }
  steps.push_back({What::close, 0, 1.0, 0.0});
  return steps;
}

}  // namespace ebmpi::network
