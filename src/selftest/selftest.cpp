// SPDX-License-Identifier: Apache-2.0
#include "selftest/selftest.hpp"

#include <cmath>

#include "selftest/groups.hpp"
#include "selftest/objective_checks.hpp"

namespace ebmpi::selftest {

std::vector<Check> worst_of_ranks(const comm::Communicator& communicator, std::vector<Check> checks) {
  std::vector<double> own;
  for (const Check& check : checks) own.push_back(check.error);
  const std::vector<double> all = communicator.gather_all(std::span<const double>(own));
  for (std::size_t i = 0; i < checks.size(); ++i) {
    Check& check = checks[i];
    check.error = all[i];
    check.rank = 0;
    for (int rank = 1; rank < communicator.size() && !std::isnan(check.error); ++rank) {
      const double error = all[static_cast<std::size_t>(rank) * checks.size() + i];
      if (error <= check.error) continue;
      check.error = error;
      check.rank = rank;
    }
  }
  return checks;
}

std::vector<Check> run_selftest(const comm::Communicator& communicator) {
  CheckList list = core_checks(communicator);
  for (const auto group : {network_checks, score_matching_checks, denoising_checks, contrast_checks,
                           penalty_checks, sampler_checks, optimizer_checks})
    list.append(group());
  return worst_of_ranks(communicator, list.checks());
}

}  // namespace ebmpi::selftest
