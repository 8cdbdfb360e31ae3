// SPDX-License-Identifier: Apache-2.0
// What a GPU's threads do with the factors of a product, run by one thread of the host: every index and every
// sum, though none of the memories and none of the concurrency.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

#include "core/tile_blocks.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;
using test::arbitrary_numbers;

namespace {

/// A team as core::for_each wants it: one thread that does all the work.
struct LoneThread {
  using execution_space = Kokkos::DefaultHostExecutionSpace;
};

template <class Scalar>
using Shape = core::TileShapeOn<Scalar, false>;

/// Host memory with the alignment of device memory, filled with `value`.
template <class Scalar>
Kokkos::View<Scalar*, Kokkos::HostSpace> aligned(std::size_t count, Scalar value) {
  Kokkos::View<Scalar*, Kokkos::HostSpace> memory("ebmpi::test::aligned", count);
  Kokkos::deep_copy(memory, value);
  return memory;
}

template <class Scalar>
Kokkos::View<Scalar*, Kokkos::HostSpace> aligned(const std::vector<double>& values) {
  const auto memory = aligned<Scalar>(values.size(), Scalar(0));
  for (std::size_t i = 0; i < values.size(); ++i) memory(i) = static_cast<Scalar>(values[i]);
  return memory;
}

/// matrix (rows, columns) in a GPU's panels; the rows that only fill the last panel hold zeros.
template <class Scalar>
Kokkos::View<Scalar*, Kokkos::HostSpace> panels(const std::vector<double>& matrix, int rows, int columns) {
  constexpr int height = Shape<Scalar>::panel_rows;
  const auto memory =
      aligned<Scalar>(static_cast<std::size_t>(core::round_up(rows, height)) * columns, Scalar(0));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      memory((row / height * columns + column) * height + row % height) =
          static_cast<Scalar>(matrix[row * columns + column]);
    }
  }
  return memory;
}

template <class Scalar>
double worst_product_error(int rows, int columns, int lanes, int stride) {
  const auto seed = static_cast<std::uint32_t>(rows * 1000 + columns);
  const auto matrix = arbitrary_numbers(rows * columns, seed),
             in = arbitrary_numbers(columns * stride, seed + 7);
  const auto packed = panels<Scalar>(matrix, rows, columns), x = aligned<Scalar>(in);
  // A row more than the product has, and lanes beyond those asked for: they must come back untouched.
  const auto y = aligned<Scalar>(static_cast<std::size_t>(rows + 1) * stride, Scalar(-77));
  core::detail::product_in_blocks(LoneThread{}, packed.data(), rows, columns, x.data(), y.data(), lanes,
                                  stride);
  double worst = 0;
  for (int row = 0; row <= rows; ++row) {
    for (int lane = 0; lane < stride; ++lane) {
      double want = -77;
      if (row < rows && lane < lanes) {
        want = 0;
        for (int column = 0; column < columns; ++column)
          want += matrix[row * columns + column] * in[column * stride + lane];
      }
      worst = std::max(worst, std::abs(y(row * stride + lane) - want));
    }
  }
  return worst;
}

/// Writes where it is told and counts how often.
template <class Scalar>
struct CountingSink {
  std::vector<double>& values;
  std::vector<int>& times;
  int columns;
  int& ended;

  int start() const { return 0; }
  void add(int row, int column, Scalar value, int& note) const {
    values[row * columns + column] += value;
    ++times[row * columns + column];
    ++note;
  }
  void end(int note) const { ended += note; }
};

template <class Scalar>
double worst_outer_error(int rows, int columns, int lanes) {
  const auto left = arbitrary_numbers(rows * lanes, rows),
             right = arbitrary_numbers(columns * lanes, 100 + columns);
  std::vector<double> values(rows * columns, 0.0);
  std::vector<int> times(rows * columns, 0);
  int ended = 0;
  core::detail::outer_in_blocks(LoneThread{}, aligned<Scalar>(left).data(), rows,
                                aligned<Scalar>(right).data(), columns, lanes,
                                CountingSink<Scalar>{values, times, columns, ended});
  CHECK(std::all_of(times.begin(), times.end(), [](int count) { return count == 1; }));
  CHECK(ended == rows * columns);
  double worst = 0;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      double want = 0;
      for (int lane = 0; lane < lanes; ++lane)
        want += left[row * lanes + lane] * right[column * lanes + lane];
      worst = std::max(worst, std::abs(values[row * columns + column] - want));
    }
  }
  return worst;
}

/// Sizes around those at which the blocks change: rows so few that lanes are split, and enough for whole
/// squares.
template <class Scalar>
void check_products(double tolerance) {
  for (const int rows : {1, 2, 3, 8, 31, 32, 33, 64, 65, 128, 129, 256, 260}) {
    for (const int columns : {1, 2, 3, 4, 5, 8, 13, 64}) {
      for (const int lanes : {64, 128, 192}) {
        INFO(rows << " × " << columns << " × " << lanes);
        CHECK(worst_product_error<Scalar>(rows, columns, lanes, lanes) < tolerance);
        CHECK(worst_product_error<Scalar>(rows, columns, lanes, lanes + 64) < tolerance);
      }
    }
  }
}

template <class Scalar>
void check_outer(double tolerance) {
  for (const int rows : {1, 2, 7, 8, 9, 33, 64}) {
    for (const int columns : {1, 2, 8, 9, 63, 64, 65, 129}) {
      for (const int lanes : {64, 192}) {
        INFO(rows << " × " << columns << " × " << lanes);
        CHECK(worst_outer_error<Scalar>(rows, columns, lanes) < tolerance);
      }
    }
  }
}

}  // namespace

TEST_CASE("a GPU's blocks make up the product of a matrix and a tile", "[core][blocks]") {
  check_products<float>(5e-6);
  check_products<double>(1e-14);
}

TEST_CASE("a GPU's blocks make up an outer product, each element once", "[core][blocks]") {
  check_outer<float>(2e-5);
  check_outer<double>(5e-14);
}

TEST_CASE("a row of lanes is added up from any start", "[core][blocks]") {
  const auto numbers = arbitrary_numbers(64, 3);
  double want = 0;
  for (const double number : numbers) want += number;
  const auto row = aligned<double>(numbers);
  for (int start = 0; start < 9; ++start)
    CHECK(std::abs(core::detail::sum_of_lanes(row.data(), start, 64) - want) < 1e-14);
}
