// SPDX-License-Identifier: Apache-2.0
#include "simulation/sir.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <utility>

#include "rows.hpp"
#include "support/moments.hpp"

using namespace ebmpi;
using namespace ebmpi::test;

namespace {

constexpr int population = 20, infected = 2;
constexpr double infection_rate = 0.6, recovery_rate = 0.3;

simulation::Settings small_epidemic() {
  simulation::Settings settings;
  settings.kind = "sir";
  settings.population = population;
  settings.infected = infected;
  settings.times = 4;
  settings.duration = 8.0;
  return settings;
}

/// P(susceptible, infected) of all states.
using States = std::map<std::pair<int, int>, double>;

/// The probabilities of how many were never infected, from the jumps of the chain alone.
std::vector<double> final_susceptible() {
  std::vector<double> result(population + 1, 0.0);
  States states = {{{population - infected, infected}, 1.0}};
  // Each event takes 1 from 2 S + I.
  for (int level = 2 * population - infected; level > 0; --level) {
    for (int s = 0; s <= population - infected; ++s) {
      const int i = level - 2 * s;
      const auto found = states.find({s, i});
      if (i <= 0 || found == states.end()) continue;
      const double infection = infection_rate * s / population;
      const double share = infection / (infection + recovery_rate);
      if (s > 0) states[{s - 1, i + 1}] += share * found->second;
      (i == 1 ? result[s] : states[{s, i - 1}]) += (1.0 - share) * found->second;
    }
  }
  return result;
}

/// dP/dt of the master equation.
States flow(const States& states) {
  States result;
  for (const auto& [state, probability] : states) {
    const auto [s, i] = state;
    const double infection = infection_rate * s * i / population * probability;
    const double recovery = recovery_rate * i * probability;
    result[state] -= infection + recovery;
    if (s > 0) result[{s - 1, i + 1}] += infection;
    if (i > 0) result[{s, i - 1}] += recovery;
  }
  return result;
}

States sum(States a, const States& b, double factor) {
  for (const auto& [state, value] : b) a[state] += factor * value;
  return a;
}

/// E[I] at t = 2, 4, 6, 8, by Runge and Kutta of fourth order.
std::vector<double> mean_infected() {
  constexpr double step = 0.02;
  std::vector<double> result;
  States p = {{{population - infected, infected}, 1.0}};
  for (int n = 1; n <= 400; ++n) {
    const States k1 = flow(p), k2 = flow(sum(p, k1, step / 2)), k3 = flow(sum(p, k2, step / 2)),
                 k4 = flow(sum(p, k3, step));
    p = sum(sum(sum(sum(p, k1, step / 6), k2, step / 3), k3, step / 3), k4, step / 6);
    if (n % 100 != 0) continue;
    double mean = 0.0;
    for (const auto& [state, probability] : p) mean += state.second * probability;
    result.push_back(mean);
  }
  return result;
}

}  // namespace

TEST_CASE("The final size of a small epidemic has the distribution of the jump chain", "[simulation]") {
  simulation::Settings settings = small_epidemic();
  settings.record = simulation::Record::summary;
  const auto simulator = simulation::sir(settings);
  const std::vector<double> sizes = simulate_rows(*simulator, {infection_rate, recovery_rate}, 100000);
  const std::vector<double> expected = final_susceptible();
  double mean = 0.0;
  for (int s = 0; s <= population; ++s) mean += expected[s] * (population - s) / population;
  CHECK(estimate(sizes).agrees(mean));
  for (const int s : {0, 1, population - infected}) {
    std::vector<double> hits;
    for (const double size : sizes)
      hits.push_back(std::lround(size * population) == population - s ? 1.0 : 0.0);
    CHECK(estimate(hits).agrees(expected[s]));
  }
}

TEST_CASE("The infected share follows the master equation", "[simulation]") {
  const auto simulator = simulation::sir(small_epidemic());
  REQUIRE(simulator->columns() == 4);
  const std::vector<double> x = simulate_rows(*simulator, {infection_rate, recovery_rate}, 100000);
  const std::vector<double> expected = mean_infected();
  for (std::size_t i = 0; i < 4; ++i) CHECK(estimate(column(x, 4, i)).agrees(expected[i] / population));
}

TEST_CASE("Without infections the infected recover one by one", "[simulation]") {
  simulation::Settings settings = small_epidemic();
  settings.population = 1000;
  settings.infected = 100;
  const auto simulator = simulation::sir(settings);
  const std::vector<double> x = simulate_rows(*simulator, {1e-12, 0.1}, 20000);
  for (std::size_t i = 0; i < 4; ++i) {
    const double alive = std::exp(-0.1 * 2.0 * static_cast<double>(i + 1)), mean = 0.1 * alive;
    CHECK(estimate(column(x, 4, i)).agrees(mean));
    CHECK(estimate(squares_about(column(x, 4, i), mean)).agrees(100.0 * alive * (1.0 - alive) / 1e6));
  }
}
