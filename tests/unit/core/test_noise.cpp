// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/noise.hpp"
#include "support/compare.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

using namespace ebmpi;

namespace ebmpi::test {

constexpr int lanes = core::tile_size;

/// `advances` times the rows of `dimension` normal numbers at training step `step`, (advances, dimension,
/// tile_size).
template <class Scalar>
std::vector<Scalar> normals(core::PhiloxKey key, std::uint32_t step, const std::vector<std::int64_t>& numbers,
                            int dimension, int advances, std::uint32_t first_block = 0) {
  const auto chain_numbers = to_device(numbers);
  const Buffer<Scalar> out("ebmpi::test::normals", static_cast<std::size_t>(advances) * dimension * lanes);
  const int ring_rows = core::NormalRows<Scalar>::ring_rows(dimension);
  const std::size_t bytes = sizeof(Scalar) * ring_rows * lanes;
  on_one_team<Scalar>(
      bytes, KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
        Scalar* const ring = arena.take<Scalar>(ring_rows * lanes);
        core::NormalRows<Scalar> noise(key, step, chain_numbers.data(), ring, dimension, first_block);
        for (int k = 0; k < advances; ++k) {
          noise.advance(member);
          for (int row = 0; row < dimension; ++row) {
            const Scalar* const from = noise.row(row);
            Scalar* const to = out.data() + (std::int64_t{k} * dimension + row) * lanes;
            core::for_each(member, lanes, [&](int lane) { to[lane] = from[lane]; });
          }
        }
      });
  return to_host(out);
}

/// Number `k` of chain `number`, straight from the definition.
template <class Scalar>
double normal_number(core::PhiloxKey key, std::uint32_t step, std::int64_t number, int k) {
  const core::PhiloxBlock bits =
      core::draw(key, static_cast<std::uint64_t>(number), step, static_cast<std::uint32_t>(k / 4));
  const int pair = k % 4 / 2;
  const double radius =
      std::sqrt(-2.0 * std::log(static_cast<double>(core::uniform<Scalar>(bits.word[2 * pair]))));
  const double angle =
      2.0 * std::acos(-1.0) * static_cast<double>(core::uniform<Scalar>(bits.word[2 * pair + 1]));
  return k % 2 == 0 ? radius * std::cos(angle) : radius * std::sin(angle);
}

/// Numbers of chains far apart and beyond 32 bits.
inline std::vector<std::int64_t> scattered_numbers() {
  std::vector<std::int64_t> numbers(lanes);
  for (int lane = 0; lane < lanes; ++lane)
    numbers[lane] = (lane % 3 == 0 ? std::int64_t{5} << 32 : 0) + 1000 - 7 * lane;
  return numbers;
}

inline std::vector<std::int64_t> numbers_from(std::int64_t first) {
  std::vector<std::int64_t> numbers(lanes);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

template <class Scalar>
void check_definition(double tolerance) {
  const auto key = core::stream_key(11, core::Purpose::chain_noise);
  const auto numbers = scattered_numbers();
  constexpr int advances = 13;
  for (const int dimension : {1, 2, 3, 4, 5, 9, 64}) {
    std::vector<double> expected;
    for (int k = 0; k < advances * dimension; ++k) {
      for (int lane = 0; lane < lanes; ++lane)
        expected.push_back(normal_number<Scalar>(key, 6, numbers[lane], k));
    }
    INFO("dimension " << dimension);
    CHECK(worst_error(normals<Scalar>(key, 6, numbers, dimension, advances), expected) < tolerance);
  }
}

/// Mean of x[i] · x[i + shift].
inline double lagged(const std::vector<float>& x, std::size_t shift) {
  double sum = 0;
  for (std::size_t i = 0; i + shift < x.size(); ++i) sum += double{x[i]} * x[i + shift];
  return sum / static_cast<double>(x.size() - shift);
}

}  // namespace ebmpi::test

// Dimensions that do not divide four make the ring turn over unevenly; a repeated or skipped row would show.
TEST_CASE("normal rows are the Box-Muller transform of consecutive Philox blocks", "[core][noise]") {
  test::check_definition<float>(2e-6);
  test::check_definition<double>(1e-13);
}

TEST_CASE("a draw depends on the number of the chain, not on its lane", "[core][noise]") {
  const auto key = core::stream_key(11, core::Purpose::chain_noise);
  const auto numbers = test::scattered_numbers();
  std::vector<std::int64_t> turned(numbers.size());
  for (int lane = 0; lane < test::lanes; ++lane) turned[(lane + 29) % test::lanes] = numbers[lane];
  const auto straight_rows = test::normals<float>(key, 2, numbers, 5, 7);
  const auto turned_rows = test::normals<float>(key, 2, turned, 5, 7);
  int different = 0;
  for (int row = 0; row < 35; ++row) {
    for (int lane = 0; lane < test::lanes; ++lane) {
      different += straight_rows[row * test::lanes + lane] !=
                   turned_rows[row * test::lanes + (lane + 29) % test::lanes];
    }
  }
  CHECK(different == 0);
}

TEST_CASE("steps, keys and chains have numbers of their own", "[core][noise]") {
  const auto key = core::stream_key(11, core::Purpose::chain_noise);
  const auto base = test::normals<float>(key, 2, test::numbers_from(0), 4, 4);
  const auto other_key = core::stream_key(11, core::Purpose::sample_noise);
  for (const auto& other : {test::normals<float>(key, 3, test::numbers_from(0), 4, 4),
                            test::normals<float>(other_key, 2, test::numbers_from(0), 4, 4),
                            test::normals<float>(key, 2, test::numbers_from(64), 4, 4)}) {
    int same = 0;
    for (std::size_t i = 0; i < base.size(); ++i) same += base[i] == other[i];
    CHECK(same <= 2);  // among 1024 pairs of 24-bit numbers a chance agreement is rare
  }
}

TEST_CASE("rows may start at a later Philox block", "[core][noise]") {
  const auto key = core::stream_key(11, core::Purpose::noise_samples);
  const auto all = test::normals<float>(key, 2, test::numbers_from(0), 8, 4);
  const auto later = test::normals<float>(key, 2, test::numbers_from(0), 8, 3, 2);
  CHECK(later == std::vector<float>(all.begin() + 8 * test::lanes, all.end()));
}

// Standard errors with n independent normal numbers: mean 1/√n, variance √(2/n), third moment √(15/n), fourth
// √(96/n), products of distinct numbers 1/√n, of their squares less one 2/√n (the variance of x² is 2), a
// fraction p √(p(1-p)/n).
TEST_CASE("a million numbers have the moments of a standard normal within 4 standard errors",
          "[core][noise]") {
  constexpr int dimension = 5, advances = 3125;
  const auto x = test::normals<float>(core::stream_key(3, core::Purpose::chain_noise), 1,
                                      test::numbers_from(0), dimension, advances);
  const double n = static_cast<double>(x.size());
  REQUIRE(n == 1e6);
  double moment[5] = {};
  double beyond = 0;
  for (const float value : x) {
    double power = 1;
    for (double& sum : moment) {
      sum += power / n;
      power *= value;
    }
    beyond += std::abs(value) > 3.0f;
  }
  CHECK(std::abs(moment[1]) < 4 / std::sqrt(n));
  CHECK(std::abs(moment[2] - 1) < 4 * std::sqrt(2 / n));
  CHECK(std::abs(moment[3]) < 4 * std::sqrt(15 / n));
  CHECK(std::abs(moment[4] - 3) < 4 * std::sqrt(96 / n));
  const double tail = 0.0026997960632601866;  // P(|x| > 3)
  CHECK(std::abs(beyond / n - tail) < 4 * std::sqrt(tail / n));
  // Neighbouring chains; the two numbers of a pair, two pairs of a block, two blocks; the same coordinate of
  // the next step.
  std::vector<float> squares(x);
  for (float& value : squares) value = value * value - 1;
  for (const int shift : {1, 64, 128, 256, 64 * dimension}) {
    INFO("shift " << shift);
    CHECK(std::abs(test::lagged(x, shift)) < 4 / std::sqrt(n));
    CHECK(std::abs(test::lagged(squares, shift)) < 4 * 2 / std::sqrt(n));
  }
}
