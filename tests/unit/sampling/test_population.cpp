// SPDX-License-Identifier: Apache-2.0
#include "sampling/population.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/compare.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using core::BatchSlot;

namespace {

constexpr int dimension = 5;
constexpr std::uint64_t seed = 21;
const std::vector<float> mean{1, -2, 3, 0, 10}, scale{0.5f, 1, 2, 4, 0.125f};

sampling::StartDistribution<float> start_distribution() {
  return {test::to_device(mean), test::to_device(scale)};
}

/// Slots of `shards` shards of `size` chains and `share` rows each; this rank holds shards [first, last).
std::vector<BatchSlot> slots_of(std::int64_t size, std::int64_t share, std::int64_t first,
                                std::int64_t last) {
  std::vector<BatchSlot> slots;
  for (std::int64_t shard = first; shard < last; ++shard) {
    for (std::int64_t position = 0; position < share; ++position) {
      slots.push_back({(shard - first) * size, shard * size, size, position, share, shard});
    }
  }
  return slots;
}

/// A population, with the buffers that its chains are checked out to.
struct Server {
  sampling::Population<float> population;
  core::Rows<float> x;
  test::Buffer<std::int64_t> numbers;

  Server(std::int64_t chains, std::int64_t first, const std::vector<BatchSlot>& slots)
      : population(chains, first, dimension, test::to_device(slots), start_distribution(), seed),
        x("ebmpi::test::x", slots.size(), dimension),
        numbers("ebmpi::test::numbers", slots.size()) {
    population.start_all();
  }

  void check_out(std::int64_t step, double reinitialize) {
    population.check_out(step, reinitialize, x, numbers);
  }
  void check_in(std::int64_t step, std::int64_t steps) { population.check_in(step, steps, x); }
  std::vector<float> all() const { return test::from_rows(population.x()); }
  std::vector<std::int64_t> ages() const { return test::to_host(population.age()); }

  /// What stands in for the sampler: adds to row r the number of its chain and `amount`.
  void move(float amount) {
    auto values = test::from_rows(x);
    const auto of = test::to_host(numbers);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] += amount + static_cast<float>(of[i / dimension]);
    Kokkos::deep_copy(x, test::to_rows(values, dimension));
  }
};

template <class Value>
std::vector<Value> joined(std::vector<Value> left, const std::vector<Value>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace

TEST_CASE("chains start from the normal distribution of the data, as functions of their numbers",
          "[sampling][population]") {
  constexpr std::int64_t chains = 20000;
  const Server server(chains, 0, slots_of(chains, 1, 0, 1));
  const auto x = server.all();
  for (int d = 0; d < dimension; ++d) {
    double first = 0, second = 0, neighbour = 0;
    for (std::int64_t i = 0; i < chains; ++i) {
      const double z = (x[i * dimension + d] - mean[d]) / scale[d];
      const double other =
          (x[i * dimension + (d + 1) % dimension] - mean[(d + 1) % dimension]) / scale[(d + 1) % dimension];
      first += z / chains;
      second += z * z / chains;
      neighbour += z * other / chains;
    }
    // Standard errors 1/√n, √(2/n) and 1/√n.
    CHECK(std::abs(first) < 4 / std::sqrt(chains));
    CHECK(std::abs(second - 1) < 4 * std::sqrt(2.0 / chains));
    CHECK(std::abs(neighbour) < 4 / std::sqrt(chains));
  }
  CHECK(server.ages() == std::vector<std::int64_t>(chains, 0));
  const Server later(100, 500, slots_of(100, 1, 0, 1));
  CHECK(later.all() == std::vector<float>(x.begin() + 500 * dimension, x.begin() + 600 * dimension));
}

// Two shards of 7 chains and 3 rows: step 1 serves chains 0 1 2, step 2 3 4 5, step 3 6 0 1, of each shard.
TEST_CASE("chains are served in turn and go back to where they came from", "[sampling][population]") {
  Server server(14, 0, slots_of(7, 3, 0, 2));
  auto expected = server.all();
  std::vector<std::int64_t> ages(14, 0);
  const std::int64_t served[3][3] = {{0, 1, 2}, {3, 4, 5}, {6, 0, 1}};
  for (std::int64_t step = 1; step <= 3; ++step) {
    server.check_out(step, 0.0);
    std::vector<std::int64_t> want;
    std::vector<float> rows;
    for (const std::int64_t shard : {0, 7}) {
      for (const std::int64_t chain : served[step - 1]) {
        want.push_back(shard + chain);
        for (int d = 0; d < dimension; ++d) {
          float& value = expected[(shard + chain) * dimension + d];
          rows.push_back(value);
          value += static_cast<float>(100 * step) + static_cast<float>(shard + chain);
        }
        ages[shard + chain] += 20;
      }
    }
    CHECK(test::to_host(server.numbers) == want);
    CHECK(test::from_rows(server.x) == rows);
    server.move(static_cast<float>(100 * step));
    server.check_in(step, 20);
    CHECK(server.all() == expected);
    CHECK(server.ages() == ages);
  }
}

TEST_CASE("restarts come at their rate, with age zero, from the start distribution",
          "[sampling][population]") {
  constexpr std::int64_t chains = 4000;
  constexpr double rate = 0.1;
  Server server(chains, 0, slots_of(chains, chains, 0, 1));
  std::int64_t restarts = 0;
  double worst = 0, mean_start = 0;
  for (std::int64_t step = 1; step <= 5; ++step) {
    const auto before = server.all();
    server.check_out(step, rate);
    const auto rows = test::from_rows(server.x);
    const auto ages = server.ages();
    for (std::int64_t i = 0; i < chains; ++i) {
      const bool restarted = !std::equal(rows.begin() + i * dimension, rows.begin() + (i + 1) * dimension,
                                         before.begin() + i * dimension);
      restarts += restarted;
      if (restarted) {
        worst = std::max(worst, std::abs((rows[i * dimension] - mean[0]) / double{scale[0]}));
        mean_start += (rows[i * dimension] - mean[0]) / scale[0];
        CHECK(ages[i] == 0);
      } else if (step > 1) {
        CHECK(ages[i] > 0);
      }
    }
    server.check_in(step, 7);
  }
  const double draws = 5.0 * chains;
  CHECK(std::abs(static_cast<double>(restarts) - rate * draws) < 4 * std::sqrt(draws * rate * (1 - rate)));
  CHECK(worst < 6);  // standard deviations
  CHECK(std::abs(mean_start) < 4 * std::sqrt(static_cast<double>(restarts)));
  server.check_out(6, 1.0);
  CHECK(server.ages() == std::vector<std::int64_t>(chains, 0));
  server.check_in(6, 7);
  CHECK(server.ages() == std::vector<std::int64_t>(chains, 7));
}

TEST_CASE("two ranks with half of the shards each hold the chains of one, bit for bit",
          "[sampling][population]") {
  Server whole(40, 0, slots_of(10, 4, 0, 4)), left(20, 0, slots_of(10, 4, 0, 2)),
      right(20, 20, slots_of(10, 4, 2, 4));
  for (std::int64_t step = 1; step <= 6; ++step) {
    for (Server* server : {&whole, &left, &right}) {
      server->check_out(step, 0.3);
      server->move(static_cast<float>(step));
      server->check_in(step, 5);
    }
    CHECK(test::to_host(whole.numbers) == joined(test::to_host(left.numbers), test::to_host(right.numbers)));
    CHECK(whole.all() == joined(left.all(), right.all()));
    CHECK(whole.ages() == joined(left.ages(), right.ages()));
  }
}
