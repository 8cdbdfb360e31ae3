// SPDX-License-Identifier: Apache-2.0
#include "objective/objective.hpp"

#include <stdexcept>

namespace ebmpi::objective {

double LossReport::term(const std::string& name) const {
  for (const auto& [candidate, value] : terms) {
    if (candidate == name) return value;
  }
  throw std::out_of_range("no loss term " + name);
}

}  // namespace ebmpi::objective
