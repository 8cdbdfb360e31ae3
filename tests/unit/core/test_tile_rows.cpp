// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "core/tile_rows.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

using namespace ebmpi;

namespace ebmpi::test {

/// Loads rows [first, first + count) as the second stream of a tile of 128 lanes. (D · 128)
inline std::vector<float> loaded(const core::Rows<float>& rows, std::int64_t first, int count) {
  const auto tile = to_device(std::vector<float>(rows.extent(1) * 128, -77.0f));
  on_one_team<float>(
      0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
        core::load_tile(member, rows, first, count, tile.data() + 64, 128);
      });
  return to_host(tile);
}

/// Stores the first `count` samples of a tile whose number (d, lane) is 100 d + lane.
inline void store_numbered(const core::Rows<float>& rows, std::int64_t first, int count) {
  const int dimension = static_cast<int>(rows.extent(1));
  std::vector<float> numbers(dimension * 64);
  for (int i = 0; i < dimension * 64; ++i) numbers[i] = static_cast<float>(i / 64 * 100 + i % 64);
  const auto tile = to_device(numbers);
  on_one_team<float>(
      0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
        core::store_tile(member, tile.data(), rows, first, count);
      });
}

}  // namespace ebmpi::test

TEST_CASE("a tile is loaded feature by feature and the last sample repeated", "[core][rows]") {
  constexpr int dimension = 3, total = 80, first = 70, count = 10;
  std::vector<float> values(total * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto tile = test::loaded(test::to_rows(values, dimension), first, count);
  int wrong = 0;
  for (int d = 0; d < dimension; ++d) {
    for (int lane = 0; lane < 64; ++lane) {
      const int row = first + (lane < count ? lane : count - 1);
      wrong += tile[d * 128 + lane] != -77.0f;
      wrong += tile[d * 128 + 64 + lane] != values[row * dimension + d];
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("only the samples present are stored", "[core][rows]") {
  constexpr int dimension = 3, total = 80, first = 66, count = 7;
  const auto rows = test::to_rows(std::vector<float>(total * dimension, -77.0f), dimension);
  test::store_numbered(rows, first, count);
  const auto values = test::from_rows(rows);
  int wrong = 0;
  for (int row = 0; row < total; ++row) {
    const bool inside = row >= first && row < first + count;
    for (int d = 0; d < dimension; ++d) {
      wrong += values[row * dimension + d] != (inside ? static_cast<float>(100 * d + row - first) : -77.0f);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a counting arena measures what a real one hands out", "[core][rows]") {
  alignas(64) char memory[512];
  core::ScratchArena counting(nullptr), real(memory);
  CHECK(counting.take<float>(3) == nullptr);
  CHECK(counting.take<double>(9) == nullptr);
  CHECK(real.take<float>(3) == reinterpret_cast<float*>(memory));
  CHECK(real.take<double>(9) == reinterpret_cast<double*>(memory + 64));
  CHECK(real.take<char>(1) == memory + 192);
  counting.take<char>(1);
  CHECK(counting.used() == 256);
  CHECK(real.used() == 256);
}
