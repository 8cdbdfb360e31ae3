// SPDX-License-Identifier: Apache-2.0
// The random directions of score matching, as its program places them.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/score_matching.hpp"
#include "support/lone_block.hpp"
#include "support/moments.hpp"

using namespace ebmpi;
using objective::Directions;

namespace {

template <class Scalar>
objective::ScoreMatching<Scalar> along(Directions kind, int projections, int most_directions) {
  objective::ScoreMatching<Scalar> program;
  program.kind = kind;
  program.projections = projections;
  program.most_directions = most_directions;
  program.key = core::stream_key(5, core::Purpose::projections);
  return program;
}

/// Direction `k` of rows [0, rows), which are numbered from `number` on: (rows, D), in blocks of `block`.
template <class Scalar>
std::vector<Scalar> directions_of(const objective::ScoreMatching<Scalar>& program, int dimension, int rows,
                                  std::int64_t number, std::uint32_t step, int k, int block = 64) {
  const core::Rows<Scalar> samples("ebmpi::test::samples", rows, dimension);
  const int pass = k / program.most_directions, stream = 1 + k % program.most_directions;
  std::vector<Scalar> result;
  for (int first = 0; first < rows; first += block) {
    const int count = std::min(block, rows - first);
    const auto placed =
        test::place_block<Scalar>(program, samples, {first, count, 0, number + first}, step, pass);
    for (int i = 0; i < count * dimension; ++i)
      result.push_back(placed.input[static_cast<std::size_t>(i * placed.streams + stream)]);
  }
  return result;
}

/// Mean 0, E[vvᵀ] = I, and nothing in common between directions, rows and steps.
template <class Scalar>
void check_moments(Directions kind, double fourth) {
  constexpr int dimension = 150, rows = 4096;
  const auto program = along<Scalar>(kind, 200, 2);
  const auto v = directions_of(program, dimension, rows, 0, 1, 0);
  const std::vector<Scalar> ones(v.size(), Scalar(1));
  const auto mean = test::mean_product(v, ones);
  CHECK(mean.error < 1.01 / std::sqrt(dimension * rows));
  CHECK(mean.agrees(0));
  const auto moments = test::second_moments(v, dimension, fourth);
  CHECK(moments.worst_diagonal < 5);  // of 150 numbers: chance 1e-4
  CHECK(moments.worst_other < 6);     // of 11175: 2e-5
  CHECK(std::abs(moments.mean_square_of_others - 1) < 4 * std::sqrt(2 / moments.pairs));
  std::vector<Scalar> squares;
  for (const Scalar value : v) squares.push_back(value * value);
  const auto kurtosis = test::mean_product(squares, squares);
  CHECK(std::abs(kurtosis.mean - fourth) < 4 * kurtosis.error + 1e-9);  // of signs there is no spread

  for (const int other : {1, 2, 127, 128, 129, 150, 199})
    CHECK(test::mean_product(v, directions_of(program, dimension, rows, 0, 1, other)).agrees(0));
  CHECK(test::mean_product(directions_of(program, dimension, rows, 0, 1, 128),
                           directions_of(program, dimension, rows, 0, 1, 129))
            .agrees(0));
  CHECK(test::mean_product(v, directions_of(program, dimension, rows, 1, 1, 0)).agrees(0));
  CHECK(test::mean_product(v, directions_of(program, dimension, rows, rows, 1, 0)).agrees(0));
  CHECK(test::mean_product(v, directions_of(program, dimension, rows, 0, 2, 0)).agrees(0));
  auto other_key = program;
  other_key.key = core::stream_key(6, core::Purpose::projections);
  CHECK(test::mean_product(v, directions_of(other_key, dimension, rows, 0, 1, 0)).agrees(0));
}

/// The first coordinates of `v` (rows, dimension), (rows, narrow).
template <class Scalar>
std::vector<Scalar> columns_of(const std::vector<Scalar>& v, std::size_t dimension, std::size_t first,
                               std::size_t count) {
  std::vector<Scalar> result;
  for (std::size_t row = 0; row < v.size() / dimension; ++row) {
    for (std::size_t d = first; d < first + count; ++d) result.push_back(v[row * dimension + d]);
  }
  return result;
}

template <class Scalar>
void check_pure(Directions kind) {
  for (const int dimension : {1, 6, 131}) {
    for (const int k : {0, 4, 6}) {
      const auto v = directions_of(along<Scalar>(kind, 7, 7), dimension, 100, 1000, 3, k);
      for (const int most : {1, 2, 3, 5})
        CHECK(directions_of(along<Scalar>(kind, 7, most), dimension, 100, 1000, 3, k) == v);
      for (const int block : {1, 17})
        CHECK(directions_of(along<Scalar>(kind, 7, 7), dimension, 100, 1000, 3, k, block) == v);
      const auto more = directions_of(along<Scalar>(kind, 9, 7), dimension, 60, 1040, 3, k);
      CHECK(more == std::vector<Scalar>(v.begin() + 40 * dimension, v.end()));
    }
  }
}

}  // namespace

TEST_CASE("random signs have mean 0 and unit covariance", "[objective][random]") {
  for (const auto v : directions_of(along<float>(Directions::rademacher, 1, 1), 200, 64, 0, 1, 0))
    REQUIRE(std::abs(v) == 1.0f);
  check_moments<float>(Directions::rademacher, 1);
}

TEST_CASE("normal directions have mean 0 and unit covariance", "[objective][random]") {
  check_moments<double>(Directions::gaussian, 3);
}

// A Philox block has the signs of 128 coordinates; those beyond come from another one, which is not the
// first of the next direction either.
TEST_CASE("coordinates beyond a Philox block have signs of their own", "[objective][random]") {
  constexpr std::size_t dimension = 256, half = 128;
  const auto program = along<double>(Directions::rademacher, 2, 2);
  const auto v = directions_of(program, dimension, 1024, 0, 1, 0),
             next = directions_of(program, dimension, 1024, 0, 1, 1);
  const auto first = columns_of(v, dimension, 0, half), second = columns_of(v, dimension, half, half);
  const auto first_of_next = columns_of(next, dimension, 0, half);
  const auto second_of_next = columns_of(next, dimension, half, half);
  CHECK(test::mean_product(first, second).agrees(0));
  CHECK(test::mean_product(second, first_of_next).agrees(0));
  CHECK(test::mean_product(first, second_of_next).agrees(0));
  CHECK(test::mean_product(second, second_of_next).agrees(0));
}

TEST_CASE("directions depend on neither blocks nor passes, bit for bit", "[objective][random]") {
  check_pure<float>(Directions::rademacher);
  check_pure<double>(Directions::rademacher);
  check_pure<float>(Directions::gaussian);
  check_pure<double>(Directions::gaussian);
}

TEST_CASE("the passes of a basis run through the unit vectors", "[objective][random]") {
  for (const int most : {1, 2, 3, 5}) {
    const auto program = along<double>(Directions::basis, 1, most);
    CHECK(program.passes(5) == (5 + most - 1) / most);
    for (int k = 0; k < 5; ++k) {
      const auto v = directions_of(program, 5, 3, 0, 1, k);
      for (std::size_t i = 0; i < v.size(); ++i) CHECK(v[i] == (static_cast<int>(i % 5) == k ? 1.0 : 0.0));
    }
  }
}

TEST_CASE("the passes share the directions evenly", "[objective][random]") {
  for (const int all : {1, 3, 5, 31, 100, 784}) {
    for (const int units : {1, 100, 3000, 100000}) {
      const int most = objective::directions_in_pass({10, {units}}, all);
      REQUIRE(most >= 1);
      CHECK(most <= 32);
      const int passes = (all + most - 1) / most;
      CHECK(passes * most - all < passes);  // none of them could do with one direction less
    }
  }
  CHECK(objective::directions_in_pass({2, {64}}, 2) == 2);
  CHECK(objective::directions_in_pass({8, {1000000}}, 8) == 4);
}
