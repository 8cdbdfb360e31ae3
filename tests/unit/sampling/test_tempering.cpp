// SPDX-License-Identifier: Apache-2.0
#include "sampling/tempering.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "sampling/dual_averaging.hpp"

using ebmpi::sampling::DualAveraging;
using ebmpi::sampling::TemperatureLadder;

TEST_CASE("a ladder is geometric, and rises", "[sampling][tempering]") {
  const auto ladder = TemperatureLadder::geometric(0.5, 8.0, 5);
  const std::vector<double> expected{0.5, 1.0, 2.0, 4.0, 8.0};
  for (std::size_t i = 0; i < 5; ++i) CHECK(std::abs(ladder.temperatures()[i] / expected[i] - 1) < 1e-14);
  CHECK_THROWS_AS(TemperatureLadder({1.0, 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(TemperatureLadder({0.0, 1.0}), std::invalid_argument);
  CHECK_THROWS_AS(TemperatureLadder({}), std::invalid_argument);
}

TEST_CASE("neighbouring temperatures are exchanged with the probability of their energies",
          "[sampling][tempering]") {
  constexpr std::size_t groups = 40000;
  const TemperatureLadder ladder({1.0, 2.0, 5.0});
  // Levels 0, 1, 2 are at the energies 1, 3, 2: the first pair trades with probability exp(-½·2), the second
  // always.
  const std::vector<double> energy_of_level{1.0, 3.0, 2.0};
  std::vector<double> energy(3 * groups);
  std::vector<std::int64_t> level(3 * groups);
  for (std::size_t i = 0; i < level.size(); ++i) {
    level[i] = static_cast<std::int64_t>((i + i / 3) % 3);  // another order in each ladder
    energy[i] = energy_of_level[static_cast<std::size_t>(level[i])];
  }
  for (const std::int64_t round : {4, 5}) {
    std::vector<std::int64_t> after = level, tried(2), accepted(2);
    ladder.exchange(7, round, 0, energy, after, tried, accepted);
    const std::size_t pair = round % 2 == 0 ? 0 : 1;
    CHECK(tried[pair] == groups);
    CHECK(tried[1 - pair] == 0);
    const double probability = pair == 0 ? std::exp(-1.0) : 1.0;
    const double error = std::sqrt(probability * (1 - probability) / groups);
    CHECK(std::abs(static_cast<double>(accepted[pair]) / groups - probability) <= 4 * error);
    for (std::size_t first = 0; first < after.size(); first += 3) {
      std::vector<std::int64_t> sorted(after.begin() + static_cast<std::ptrdiff_t>(first),
                                       after.begin() + static_cast<std::ptrdiff_t>(first + 3));
      std::sort(sorted.begin(), sorted.end());
      REQUIRE(sorted == std::vector<std::int64_t>{0, 1, 2});
    }
    // Part of the ladders, by themselves.
    std::vector<std::int64_t> part(level.begin() + 300, level.end());
    ladder.exchange(7, round, 100, std::vector<double>(energy.begin() + 300, energy.end()), part, tried,
                    accepted);
    CHECK(part == std::vector<std::int64_t>(after.begin() + 300, after.end()));
  }
}

TEST_CASE("dual averaging finds the step of the wanted acceptance", "[sampling][dual_averaging]") {
  for (const double target : {0.3, 0.8}) {
    DualAveraging search(10.0, target);
    CHECK(std::abs(search.result() - 10.0) < 1e-12);
    for (int i = 0; i < 400; ++i) search.update(std::exp(-search.step_size()));
    CHECK(std::abs(std::exp(-search.result()) - target) < 0.01);
  }
}
