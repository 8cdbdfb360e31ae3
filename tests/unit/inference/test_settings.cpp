// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <set>

#include "config/parse.hpp"
#include "config/simulators.hpp"
#include "core/error.hpp"
#include "inference/settings.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;
using Catch::Matchers::ContainsSubstring;

namespace {

config::RunConfig config_with(const std::vector<std::string>& overrides) {
  return config::parse_config(
      "[simulator]\nkind = \"gaussian_location\"\ndimension = 3\n[data]\ntruth = [0.0, 1.0, 2.0]\n",
      "run.toml", overrides, config::Program::infer);
}

std::unique_ptr<simulation::Simulator> simulator_of(const config::RunConfig& config) {
  const comm::Communicator self(MPI_COMM_SELF);
  return make_simulator(self, config);
}

}  // namespace

TEST_CASE("the simulators of the config are those that there are", "[inference]") {
  const auto known = simulation::simulator_names(), named = config::simulator_names();
  CHECK(std::set<std::string_view>(known.begin(), known.end()) ==
        std::set<std::string_view>(named.begin(), named.end()));
}

TEST_CASE("bounds, start and widths of the config are those of the simulator's parameters", "[inference]") {
  const config::RunConfig config =
      config_with({"parameters.lower=[-1.0, -inf, 0.5]", "inference.width=[0.1, 0.2, 0.3]"});
  const auto simulator = simulator_of(config);
  const Coordinates coordinates = make_coordinates(config, *simulator);
  CHECK(coordinates.parameters()[0].lower == -1.0);
  CHECK(coordinates.parameters()[1].lower == -std::numeric_limits<double>::infinity());
  CHECK(make_settings(config, 3).width == std::vector<double>{0.1, 0.2, 0.3});
  CHECK(make_settings(config_with({}), 3).width == std::vector<double>(3, 0.5));
  // What is typical of the third parameter, 0, is outside.
  CHECK_THROWS_WITH(start_of(config, coordinates, *simulator),
                    ContainsSubstring("it must be above 0.5 and below inf"));
  CHECK_THROWS_WITH(require_inside("--parameters", std::vector<double>{1.0}, coordinates),
                    ContainsSubstring("--parameters has 1 entries for 3 parameters"));
}

TEST_CASE("lists of another length than the simulator's are refused", "[inference]") {
  const config::RunConfig config = config_with({"data.truth=[0.0, 1.0]", "parameters.upper=[3.0, 3.0]"});
  const auto simulator = simulator_of(config);
  CHECK_THROWS_WITH(make_coordinates(config, *simulator),
                    ContainsSubstring("parameters.upper has 2 entries for 3 parameters"));
}
