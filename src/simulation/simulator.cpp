// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulator.hpp"

namespace ebmpi::simulation {

std::vector<std::string> Simulator::column_names() const {
  std::vector<std::string> names;
  for (int i = 0; i < columns(); ++i) names.push_back("x_" + std::to_string(i));
  return names;
}

}  // namespace ebmpi::simulation
