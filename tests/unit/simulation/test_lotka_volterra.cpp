// SPDX-License-Identifier: Apache-2.0
#include "simulation/lotka_volterra.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "rows.hpp"
#include "support/moments.hpp"

using namespace ebmpi;
using namespace ebmpi::test;

namespace {

constexpr double never = 1e-12;  // a rate

std::unique_ptr<simulation::Simulator> predators_and_prey(std::int64_t times, double duration) {
  simulation::Settings settings;
  settings.kind = "lotka_volterra";
  settings.times = times;
  settings.duration = duration;
  return simulation::lotka_volterra(settings);
}

/// The nine summaries of a path, by their definitions: a (151), b (151).
std::vector<double> summaries(const std::vector<double>& a, const std::vector<double>& b) {
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double value : v) sum += value;
    return sum / 151.0;
  };
  const auto covariance = [&](const std::vector<double>& u, const std::vector<double>& v, std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < 151; ++i) sum += (u[i] - mean(u)) * (v[i + lag] - mean(v));
    return sum / 150.0;
  };
  const double variance_a = covariance(a, a, 0), variance_b = covariance(b, b, 0);
  return {mean(a),
          mean(b),
          std::log(1.0 + variance_a),
          std::log(1.0 + variance_b),
          covariance(a, a, 1) / variance_a,
          covariance(a, a, 2) / variance_a,
          covariance(b, b, 1) / variance_b,
          covariance(b, b, 2) / variance_b,
          covariance(a, b, 0) / std::sqrt(variance_a * variance_b)};
}

}  // namespace

TEST_CASE("Predators without prey die one by one", "[simulation]") {
  const auto simulator = predators_and_prey(2, 2.0);
  const std::vector<double> x = simulate_rows(*simulator, {never, 0.5, never, never}, 20000);
  for (const std::size_t time : {0u, 1u}) {
    const double alive = std::exp(-0.5 * static_cast<double>(time + 1));
    const std::vector<double> predators = column(x, 4, 2 * time);
    CHECK(estimate(predators).agrees(50.0 * alive));
    CHECK(estimate(squares_about(predators, 50.0 * alive)).agrees(50.0 * alive * (1.0 - alive)));
    CHECK(std::ranges::count(column(x, 4, 2 * time + 1), 100.0) == 20000);
  }
}

TEST_CASE("Prey without predators is a Yule process", "[simulation]") {
  const auto simulator = predators_and_prey(1, 1.0);
  const std::vector<double> x = simulate_rows(*simulator, {never, never, 1.0, never}, 20000);
  const double growth = std::exp(1.0);
  const std::vector<double> prey = column(x, 2, 1);
  CHECK(estimate(prey).agrees(100.0 * growth));
  CHECK(estimate(squares_about(prey, 100.0 * growth)).agrees(100.0 * growth * (growth - 1.0)));
}

TEST_CASE("In a short time each of the four reactions happens at its rate", "[simulation]") {
  // X = 50, Y = 100, t = 1e-3. What the second order in t adds is below a twentieth of the standard errors,
  // which are 3e-4.
  const double time = 1e-3;
  const auto simulator = predators_and_prey(1, time);
  const std::vector<double> rates = {0.02, 0.3, 0.7, 0.005};
  const std::vector<double> expected = {rates[0] * 5000.0, rates[1] * 50.0, rates[2] * 100.0,
                                        rates[3] * 5000.0};
  for (int reaction = 0; reaction < 4; ++reaction) {
    std::vector<double> theta(4, never);
    theta[reaction] = rates[reaction];
    const std::vector<double> x = simulate_rows(*simulator, theta, 200000, 1000000 * reaction);
    const std::vector<double> changed = column(x, 2, reaction / 2);
    const double before = reaction < 2 ? 50.0 : 100.0, sign = reaction % 2 == 0 ? 1.0 : -1.0;
    CHECK(estimate(changed).agrees(before + sign * expected[reaction] * time));
    CHECK(std::ranges::count(column(x, 2, 1 - reaction / 2), 150.0 - before) == 200000);
  }
  const std::vector<double> x = simulate_rows(*simulator, rates, 200000);
  CHECK(estimate(column(x, 2, 0)).agrees(50.0 + (expected[0] - expected[1]) * time));
  CHECK(estimate(column(x, 2, 1)).agrees(100.0 + (expected[2] - expected[3]) * time));
}

TEST_CASE("The summaries are those of the path", "[simulation]") {
  simulation::Settings settings;
  settings.record = simulation::Record::summary;
  const std::vector<double> theta = {0.01, 0.5, 1.0, 0.01};
  const std::vector<double> x = simulate_rows(*simulation::lotka_volterra(settings), theta, 20);
  const std::vector<double> paths = simulate_rows(*predators_and_prey(150, 30.0), theta, 20);
  for (std::size_t row = 0; row < 20; ++row) {
    std::vector<double> predators = {50.0}, prey = {100.0};
    for (std::size_t i = 0; i < 150; ++i) {
      predators.push_back(paths[300 * row + 2 * i]);
      prey.push_back(paths[300 * row + 2 * i + 1]);
    }
    const std::vector<double> expected = summaries(predators, prey);
    for (std::size_t i = 0; i < 9; ++i) CHECK(x[9 * row + i] == Catch::Approx(expected[i]).epsilon(1e-10));
  }
}

TEST_CASE("A simulation that explodes is cut off, is finite and is counted", "[simulation]") {
  simulation::Settings settings;
  settings.most_events = 1000;
  for (const auto record : {simulation::Record::standard, simulation::Record::summary}) {
    settings.record = record;
    const auto simulator = simulation::lotka_volterra(settings);
    const std::vector<double> x = simulate_rows(*simulator, {never, never, 10.0, never}, 50);
    CHECK(simulator->tally().truncated_rows == 50);
    CHECK(std::ranges::all_of(x, [](double value) { return std::isfinite(value); }));
    if (record == simulation::Record::standard) {
      CHECK(x[18] == 50.0);
      CHECK(x[19] == 1100.0);
    }
    simulate_rows(*simulator, {never, 0.5, never, never}, 50);
    CHECK(simulator->tally().truncated_rows == 50);
  }
}
