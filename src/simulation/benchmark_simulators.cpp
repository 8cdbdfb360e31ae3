// SPDX-License-Identifier: Apache-2.0
#include "simulation/benchmark_simulators.hpp"

#include <limits>

namespace ebmpi::simulation {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

std::unique_ptr<Simulator> two_moons() {
  return std::make_unique<ProgramSimulator<TwoMoons>>(
      "ebmpi::simulation::two_moons", TwoMoons{},
      std::vector<Parameter>{{"theta_0", -infinity, infinity, 0.25}, {"theta_1", -infinity, infinity, 0.25}});
}

std::unique_ptr<Simulator> mg1(std::int64_t customers) {
  return std::make_unique<ProgramSimulator<Mg1>>(
      "ebmpi::simulation::mg1", Mg1{customers},
      std::vector<Parameter>{{"service_minimum", 0.0, infinity, 1.0},
                             {"service_range", 0.0, infinity, 4.0},
                             {"arrival_rate", 0.0, infinity, 0.2}},
      std::vector<std::string>{"minimum", "quartile_1", "median", "quartile_3", "maximum"});
}

std::unique_ptr<Simulator> g_and_k(std::int64_t draws) {
  std::vector<std::string> names = {"draw"};
  if (draws > 1) {
    names.clear();
    for (int i = 1; i <= GAndK::octiles; ++i) names.push_back("octile_" + std::to_string(i));
  }
  return std::make_unique<ProgramSimulator<GAndK>>("ebmpi::simulation::g_and_k", GAndK{draws},
                                                   std::vector<Parameter>{{"a", -infinity, infinity, 3.0},
                                                                          {"b", 0.0, infinity, 1.0},
                                                                          {"g", -infinity, infinity, 2.0},
                                                                          {"k", 0.0, infinity, 0.5}},
                                                   names);
}

}  // namespace ebmpi::simulation
