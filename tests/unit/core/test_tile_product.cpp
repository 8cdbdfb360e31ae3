// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

#include "core/tile_product.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

using namespace ebmpi;

namespace ebmpi::test {

/// matrix (rows, columns) · in (columns, lanes) by the code under test; both row-major.
template <class Scalar>
std::vector<Scalar> product(const std::vector<double>& matrix, int rows, int columns,
                            const std::vector<double>& in, int lanes) {
  using Panel = core::PanelMatrix<Scalar>;
  std::vector<Scalar> packed(Panel::size(rows, columns), Scalar(0));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      packed[Panel::position(row, column, columns)] = static_cast<Scalar>(matrix[row * columns + column]);
    }
  }
  const auto panels = to_device(packed);
  const auto x = to_device(converted<Scalar>(in));
  // One row more than the product has: it must come back untouched.
  const auto y = to_device(std::vector<Scalar>((rows + 1) * lanes, Scalar(-77)));
  const Panel view{panels.data(), rows, columns};
  on_one_team<Scalar>(
      0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
        core::matrix_times_tile(member, view, x.data(), y.data(), lanes);
      });
  return to_host(y);
}

inline std::vector<double> plain_product(const std::vector<double>& matrix, int rows, int columns,
                                         const std::vector<double>& in, int lanes) {
  std::vector<double> out((rows + 1) * lanes, 0.0);
  for (int row = 0; row < rows; ++row) {
    for (int lane = 0; lane < lanes; ++lane) {
      for (int column = 0; column < columns; ++column) {
        out[row * lanes + lane] += matrix[row * columns + column] * in[column * lanes + lane];
      }
    }
  }
  for (int lane = 0; lane < lanes; ++lane) out[rows * lanes + lane] = -77;
  return out;
}

/// `tolerance` covers the rounding of up to 129 terms below one (each 2^-24 of a partial sum of a few units,
/// in float); one wrong weight or sample shows as about 0.1.
template <class Scalar>
void check_products(double tolerance) {
  for (const int rows : {1, 2, 5, 6, 7, 13, 64, 129}) {
    for (const int columns : {1, 2, 5, 6, 7, 13, 64, 129}) {
      for (const int lanes : {64, 128, 192}) {
        const auto seed = static_cast<std::uint32_t>(rows * 1000 + columns);
        const auto matrix = arbitrary_numbers(rows * columns, seed);
        const auto in = arbitrary_numbers(columns * lanes, seed + 7);
        INFO(rows << " × " << columns << " × " << lanes);
        CHECK(worst_error(product<Scalar>(matrix, rows, columns, in, lanes),
                          plain_product(matrix, rows, columns, in, lanes)) < tolerance);
      }
    }
  }
}

}  // namespace ebmpi::test

TEST_CASE("matrix times tile agrees with a triple loop, float", "[core][product]") {
  test::check_products<float>(5e-6);
}

TEST_CASE("matrix times tile agrees with a triple loop, double", "[core][product]") {
  test::check_products<double>(1e-14);
}

TEST_CASE("panels hold every element once and pad the last one", "[core][product]") {
  using Panel = core::PanelMatrix<float>;
  constexpr int panel = core::TileShape<float>::panel_rows;
  constexpr int rows = 2 * panel + 1, columns = 5;
  CHECK(Panel::size(rows, columns) == 3 * panel * columns);
  CHECK(Panel::size(2 * panel, columns) == 2 * panel * columns);
  std::vector<bool> taken(Panel::size(rows, columns), false);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int position = Panel::position(row, column, columns);
      REQUIRE(position < static_cast<int>(taken.size()));
      CHECK_FALSE(taken[position]);
      taken[position] = true;
    }
  }
}
