// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <set>
#include <stdexcept>

#include "core/error.hpp"
#include "rows.hpp"
#include "simulation/lotka_volterra.hpp"

using namespace ebmpi;
using namespace ebmpi::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

/// All that runs here, each with what it records.
std::vector<simulation::Settings> built_in() {
  std::vector<simulation::Settings> result;
  for (const std::string_view name : simulation::simulator_names()) {
    if (name == "external") continue;
    simulation::Settings settings;
    settings.kind = name;
    result.push_back(settings);
    settings.record = simulation::Record::summary;
    settings.draws = 20;
    result.push_back(settings);
  }
  return result;
}

std::vector<double> typical(const simulation::Simulator& simulator) {
  std::vector<double> theta;
  for (const simulation::Parameter& parameter : simulator.parameters()) theta.push_back(parameter.typical);
  return theta;
}

}  // namespace

TEST_CASE("Every simulator works at its typical parameters", "[simulation]") {
  CHECK(built_in().size() == 2 * 9);
  for (const simulation::Settings& settings : built_in()) {
    CAPTURE(settings.kind);
    const auto simulator = simulation::make_simulator(settings);
    std::set<std::string> names;
    for (const simulation::Parameter& parameter : simulator->parameters()) {
      CHECK(parameter.lower < parameter.typical);
      CHECK(parameter.typical < parameter.upper);
      names.insert(parameter.name);
    }
    CHECK(names.size() == simulator->parameters().size());
    CHECK(static_cast<int>(simulator->column_names().size()) == simulator->columns());
    const std::vector<double> x = simulate_rows(*simulator, typical(*simulator), 200);
    CHECK(std::ranges::all_of(x, [](double value) { return std::isfinite(value); }));
    CHECK(simulator->tally().truncated_rows <= 5);  // of long paths of predators and prey, one of 200
    const auto width = static_cast<std::size_t>(simulator->columns());
    for (std::size_t i = 0; i < width; ++i) {
      const std::vector<double> values = column(x, width, i);
      CHECK(std::ranges::adjacent_find(values, std::not_equal_to<>()) != values.end());
    }
  }
}

TEST_CASE("A row depends neither on its company nor on the threads", "[simulation]") {
  for (const simulation::Settings& settings : built_in()) {
    CAPTURE(settings.kind);
    const auto simulator = simulation::make_simulator(settings);
    const std::vector<double> theta = typical(*simulator);
    const std::vector<double> together = simulate_rows(*simulator, theta, 100);
    std::vector<double> apart = simulate_rows(*simulator, theta, 50);
    const std::vector<double> second = simulate_rows(*simulator, theta, 50, 50);
    apart.insert(apart.end(), second.begin(), second.end());
    CHECK(together == apart);
    std::vector<double> later(together.size());
    simulator->simulate(context(0, 8), repeated(theta, 100), later);
    CHECK(together != later);
  }
}

TEST_CASE("The kernel computes the formula, in any order of its rows", "[simulation]") {
  if constexpr (core::is_host_space<core::ExecutionSpace>) {
    const simulation::LotkaVolterra program{10, 10.0, simulation::Record::standard, 100000};
    const std::vector<double> theta = {0.01, 0.5, 1.0, 0.01};
    simulation::Settings settings;
    settings.kind = "lotka_volterra";
    const std::vector<double> x = simulate_rows(*simulation::make_simulator(settings), theta, 100);
    for (std::int64_t row = 100; row-- > 0;) {
      std::vector<double> alone(20);
      simulation::SimulationStream stream(context().key, row, context().step);
      program(theta.data(), stream, nullptr, alone.data());
      CHECK(std::ranges::equal(alone, std::span(x).subspan(static_cast<std::size_t>(20 * row), 20)));
    }
  }
}

TEST_CASE("No rows are as good as some, and lengths must fit", "[simulation]") {
  simulation::Settings settings;
  settings.kind = "gaussian_location";
  const auto simulator = simulation::make_simulator(settings);
  CHECK_NOTHROW(simulator->simulate(context(), {}, {}));
  std::vector<double> theta(4), x(3);
  CHECK_THROWS_AS(simulator->simulate(context(), theta, x), std::invalid_argument);
}

TEST_CASE("Settings out of range are refused by name", "[simulation]") {
  const auto refuses = [](simulation::Settings settings, const std::string& what) {
    CHECK_THROWS_MATCHES(simulation::make_simulator(settings), core::InputError,
                         MessageMatches(ContainsSubstring(what)));
  };
  refuses({.kind = "sri"}, "unknown simulator 'sri'");
  refuses({.kind = "sri"}, "lotka_volterra");
  refuses({.kind = "gaussian_location", .dimension = 0}, "dimension = 0");
  refuses({.kind = "gaussian_location", .noise = 0.0}, "noise = 0");
  refuses({.kind = "linear_gaussian", .noise = std::nan("")}, "noise = nan");
  refuses({.kind = "sir", .population = 10, .infected = 10}, "infected = 10");
  refuses({.kind = "sir", .duration = -1.0}, "duration = -1");
  refuses({.kind = "lotka_volterra", .times = 0}, "times = 0");
  refuses({.kind = "lotka_volterra", .most_events = 0}, "most_events = 0");
  refuses({.kind = "mg1", .customers = 1}, "customers = 1");
  refuses({.kind = "g_and_k", .draws = 0}, "draws = 0");
  refuses({.kind = "external"}, "no command");
  refuses({.kind = "external", .command = "cat"}, "no parameters");
  refuses({.kind = "external", .command = "cat", .timeout = 0.0}, "timeout = 0");
}
