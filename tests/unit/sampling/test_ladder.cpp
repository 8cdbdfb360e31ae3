// SPDX-License-Identifier: Apache-2.0
#include "sampling/ladder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <vector>

#include "sampling/tempering.hpp"
#include "support/views.hpp"

using namespace ebmpi;

// Two shards of 5 ladders and 3 rows each.
TEST_CASE("ladders on the device exchange as those on the host do", "[sampling][ladder]") {
  constexpr std::int64_t size = 5, share = 3, rounds = 2;
  constexpr std::uint64_t seed = 7;
  const auto ladder = sampling::TemperatureLadder::geometric(0.5, 8.0, 4);
  sampling::LadderLevels levels;
  levels.count = ladder.levels();
  for (std::size_t k = 0; k < 4; ++k) {
    levels.inverse[k] = 1.0 / ladder.temperatures()[k];
    levels.length[k] = 0.1 * static_cast<double>(k + 1);
  }
  std::vector<core::BatchSlot> slots;
  for (std::int64_t shard = 0; shard < 2; ++shard) {
    for (std::int64_t position = 0; position < share; ++position)
      slots.push_back({shard * size, shard * size, size, position, share, shard});
  }
  const std::size_t rows = slots.size(), replicas = 4 * rows;
  std::vector<std::int64_t> level(replicas);
  for (std::size_t i = 0; i < replicas; ++i) level[i] = static_cast<std::int64_t>((i + i / 4) % 4);
  sampling::LadderRows<double> device{test::to_device(slots),
                                      test::to_device(level),
                                      test::Buffer<double>("ebmpi::test::energy", replicas),
                                      test::Buffer<double>("ebmpi::test::weight", replicas),
                                      test::Buffer<double>("ebmpi::test::step", replicas),
                                      test::Buffer<double>("ebmpi::test::acceptance", replicas),
                                      test::Buffer<double>("ebmpi::test::level_acceptance", replicas),
                                      test::Buffer<std::int64_t>("ebmpi::test::tried", rows),
                                      test::Buffer<std::int64_t>("ebmpi::test::accepted", rows)};
  std::vector<std::int64_t> tried(3), accepted(3);
  for (std::int64_t step = 1; step <= 9; ++step) {
    for (std::int64_t round = 0; round < rounds; ++round) {
      std::vector<double> energy(replicas), acceptance(replicas);
      for (std::size_t i = 0; i < replicas; ++i) {
        energy[i] = static_cast<double>((7 * i + 3 * static_cast<std::size_t>(step)) % 11);
        acceptance[i] = static_cast<double>(level[i]) + 1.0;
      }
      Kokkos::deep_copy(device.energy, test::to_device(energy));
      Kokkos::deep_copy(device.acceptance, test::to_device(acceptance));
      sampling::exchange_levels(core::ExecutionSpace(),
                                core::stream_key(seed, core::Purpose::temperature_swap), step, round, rounds,
                                levels, device);
      for (std::size_t row = 0; row < rows; ++row) {
        // The ladder's own count of rounds, of which the parity says which pairs are tried.
        const std::int64_t own_round = slots[row].visits(step) * rounds + round;
        const std::span<std::int64_t> own(level.data() + 4 * row, 4);
        ladder.exchange(seed, own_round, slots[row].global_first + slots[row].object(step),
                        std::span<const double>(energy.data() + 4 * row, 4), own, tried, accepted);
      }
      REQUIRE(test::to_host(device.level) == level);
    }
  }
  const auto sum = [](const std::vector<std::int64_t>& values) {
    return std::accumulate(values.begin(), values.end(), std::int64_t{0});
  };
  CHECK(sum(test::to_host(device.tried)) == sum(tried));
  CHECK(sum(test::to_host(device.accepted)) == sum(accepted));
  CHECK(tried[0] > 0);
  CHECK(tried[1] > 0);
  CHECK(accepted[0] > 0);
  const auto weight = test::to_host(device.weight), length = test::to_host(device.step_length),
             of_level = test::to_host(device.level_acceptance), left = test::to_host(device.acceptance);
  for (std::size_t i = 0; i < replicas; ++i) {
    const auto own = static_cast<std::size_t>(level[i]);
    CHECK(weight[i] == levels.inverse[own]);
    CHECK(length[i] == levels.length[own]);
    CHECK(of_level[i] == 18.0 * static_cast<double>(i % 4 + 1));  // 9 steps of 2 rounds
    CHECK(left[i] == 0.0);
  }
}
