// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

#include "core/fixed_point.hpp"
#include "core/tile_outer.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

using namespace ebmpi;

namespace ebmpi::test {

/// The transpose of in (features, lanes), with its padding.
template <class Scalar>
Buffer<Scalar> transposed(const std::vector<double>& in, int features, int lanes) {
  const auto from = to_device(converted<Scalar>(in));
  const auto to =
      to_device(std::vector<Scalar>(core::transposed_columns<Scalar>(features) * lanes, Scalar(-77)));
  on_one_team<Scalar>(
      0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
        core::transpose_tile(member, from.data(), features, to.data(), lanes);
      });
  return to;
}

/// The same tile as the right factor of an outer product.
template <class Scalar>
Buffer<Scalar> right_factor(const std::vector<double>& in, int features, int lanes) {
  const auto from = to_device(converted<Scalar>(in));
  const auto to =
      to_device(std::vector<Scalar>(core::transposed_columns<Scalar>(features) * lanes, Scalar(-77)));
  on_one_team<Scalar>(
      0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
        core::arrange_right_factor(member, from.data(), features, to.data(), lanes);
      });
  return to;
}

template <class Scalar>
void check_transpose() {
  for (const int features : {1, 2, 7, 8, 9, 15, 16, 17, 33, 64, 129}) {
    for (const int lanes : {64, 192}) {
      const auto in = arbitrary_numbers(features * lanes, features);
      const auto out = to_host(transposed<Scalar>(in, features, lanes));
      const int columns = core::transposed_columns<Scalar>(features);
      int wrong = 0;
      for (int lane = 0; lane < lanes; ++lane) {
        for (int column = 0; column < columns; ++column) {
          const Scalar want = column < features ? static_cast<Scalar>(in[column * lanes + lane]) : Scalar(0);
          wrong += out[lane * columns + column] != want;
        }
      }
      INFO(features << " × " << lanes);
      CHECK(wrong == 0);
    }
  }
}

/// Twice adds left (rows, lanes) · rightᵀ and the row sums of `left` between two slots that hold other
/// things; the second addition, on the calibrated scale, is what is returned: all values, in order.
template <class Scalar>
std::vector<double> gradients(const std::vector<double>& left, int rows, const std::vector<double>& right,
                              int columns, int lanes) {
  constexpr int before = 3, after = 5;
  core::FixedPointSum sum({before, rows * columns, rows, after}, 2);
  const auto adder = sum.adder();
  const auto left_view = to_device(converted<Scalar>(left));
  const auto right_view = right_factor<Scalar>(right, columns, lanes);
  for (int pass = 0; pass < 2; ++pass) {
    sum.clear();
    on_one_team<Scalar>(
        0, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena) {
          core::add_outer_product(member, left_view.data(), rows, right_view.data(), columns, lanes,
                                  {adder, 1, 1, before});
          core::add_row_sums(member, left_view.data(), rows, lanes,
                             {adder, 1, 2, before + std::int64_t{rows} * columns});
        });
    sum.collect();
    const auto verdict = sum.judge(1);
    if (verdict != (pass == 0 ? core::FixedPointSum::Verdict::repeat : core::FixedPointSum::Verdict::good))
      return {};
  }
  std::vector<double> values;
  for (std::int64_t i = 0; i < sum.values(); ++i) values.push_back(sum.value(i));
  return values;
}

/// The same with plain loops: zeros in the outer slots, row sums over the first tile_size lanes only.
inline std::vector<double> plain_gradients(const std::vector<double>& left, int rows,
                                           const std::vector<double>& right, int columns, int lanes) {
  std::vector<double> values(3 + rows * columns + rows + 5, 0.0);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      for (int lane = 0; lane < lanes; ++lane) {
        values[3 + row * columns + column] += left[row * lanes + lane] * right[column * lanes + lane];
      }
    }
    for (int lane = 0; lane < core::tile_size; ++lane)
      values[3 + rows * columns + row] += left[row * lanes + lane];
  }
  return values;
}

template <class Scalar>
void check_gradients(double tolerance) {
  for (const int rows : {1, 2, 5, 6, 7, 13, 64}) {
    for (const int columns : {1, 2, 7, 8, 9, 16, 17, 24, 25, 33, 48, 49, 64, 129}) {
      for (const int lanes : {64, 192}) {
        const auto left = arbitrary_numbers(rows * lanes, rows);
        const auto right = arbitrary_numbers(columns * lanes, 100 + columns);
        INFO(rows << " × " << columns << " × " << lanes);
        CHECK(worst_error(gradients<Scalar>(left, rows, right, columns, lanes),
                          plain_gradients(left, rows, right, columns, lanes)) < tolerance);
      }
    }
  }
}

}  // namespace ebmpi::test

TEST_CASE("a tile is transposed and its padding cleared", "[core][outer]") {
  test::check_transpose<float>();
  test::check_transpose<double>();
}

TEST_CASE("outer products and row sums agree with plain loops and stay in their slots, float",
          "[core][outer]") {
  test::check_gradients<float>(1e-5);
}

// The fixed point of one block keeps 51 bits of the largest addend: 4e-16 of it.
TEST_CASE("outer products and row sums agree with plain loops and stay in their slots, double",
          "[core][outer]") {
  test::check_gradients<double>(3e-14);
}
