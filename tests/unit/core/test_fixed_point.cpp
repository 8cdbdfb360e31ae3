// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/fixed_point.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using core::FixedPointSum;
using Verdict = core::FixedPointSum::Verdict;

namespace ebmpi::test {

/// `rows` (N, columns) are added to the first `columns` values of slot `slot`, row order[i] by worker i %
/// workers.
template <class Scalar>
void add_rows(const FixedPointSum& sum, int slot, const std::vector<Scalar>& rows, int columns,
              const std::vector<int>& order) {
  const auto adder = sum.adder();
  const auto values = to_device(rows);
  const auto numbers = to_device(order);
  const std::int64_t index = sum.slot_first(slot);
  const int workers = sum.workers(), count = static_cast<int>(order.size());
  Kokkos::parallel_for(
      "ebmpi::test::add_rows", Kokkos::RangePolicy<core::ExecutionSpace>(0, workers),
      KOKKOS_LAMBDA(int worker) {
        for (int i = worker; i < count; i += workers) {
          auto peak = core::magnitude_bits(Scalar(0));
          adder.add_row(worker, slot, index, values.data() + std::int64_t{numbers(i)} * columns, columns,
                        peak);
          adder.template note_peak<Scalar>(worker, slot, peak);
        }
      });
  Kokkos::fence();
}

/// One addend to the first value of slot 0, by worker 0.
template <class Scalar>
void add_one(const FixedPointSum& sum, Scalar value) {
  add_rows<Scalar>(sum, 0, {value}, 1, {0});
}

inline std::vector<int> in_order(int count) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// Clears, adds and judges, and again where the scales were not right.
template <class Add>
Verdict sum_until_good(FixedPointSum& sum, std::int64_t blocks, const Add& add) {
  Verdict verdict = Verdict::repeat;
  for (int attempt = 0; attempt < 2 && verdict == Verdict::repeat; ++attempt) {
    sum.clear();
    add();
    sum.collect();
    verdict = sum.judge(blocks);
  }
  return verdict;
}

}  // namespace ebmpi::test

TEST_CASE("sums do not depend on the order of the addends nor on the workers, bit for bit",
          "[core][fixed_point]") {
  constexpr int columns = 37, count = 200;
  // Magnitudes over ten decades: in floating point any other order would give other bits.
  auto rows = test::converted<float>(test::arbitrary_numbers(columns * count, 1));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] *= static_cast<float>(std::pow(10.0, static_cast<double>(i % 11) - 5));
  std::vector<std::int64_t> first_sums, first_exponents;
  std::mt19937 engine(5);
  for (const int workers : {1, 2, 7}) {
    for (int shuffle = 0; shuffle < 3; ++shuffle) {
      std::vector<int> order = test::in_order(count);
      if (shuffle > 0) std::shuffle(order.begin(), order.end(), engine);
      FixedPointSum sum({columns}, workers);
      REQUIRE(test::sum_until_good(sum, count, [&] { test::add_rows(sum, 0, rows, columns, order); }) ==
              Verdict::good);
      const std::vector<std::int64_t> sums(sum.sums().begin(), sum.sums().end());
      if (first_sums.empty()) {
        first_sums = sums;
        first_exponents = sum.exponents();
      }
      CHECK(sums == first_sums);
      CHECK(sum.exponents() == first_exponents);
    }
  }
}

// The scale leaves 61 - 10 bits for the largest addend times the number of blocks, and each addend is rounded
// to half a unit. With 256 = 2^8 blocks of numbers below 1: error <= 256 · ½ · 2^-(51 - 8) = 2^-36.
TEST_CASE("sums are accurate to the stated bits", "[core][fixed_point]") {
  constexpr int columns = 50, count = 256;
  auto rows = test::arbitrary_numbers(columns * count, 2, 2.9);
  for (double& value : rows) value /= 3.0;  // no short binary fractions
  FixedPointSum sum({columns}, 3);
  REQUIRE(test::sum_until_good(sum, count, [&] {
            test::add_rows(sum, 0, rows, columns, test::in_order(count));
          }) == Verdict::good);
  const auto divided = test::to_device(std::vector<double>(columns));
  sum.quotient(8.0, columns, divided);
  const auto quotients = test::to_host(divided);
  for (int column = 0; column < columns; ++column) {
    long double exact = 0;
    for (int i = 0; i < count; ++i) exact += rows[i * columns + column];
    CHECK(std::abs(static_cast<double>(sum.value(column) - exact)) <= 0x1p-36);
    CHECK(quotients[column] == sum.value(column) / 8.0);
  }
}

TEST_CASE("numbers far apart in different slots keep their own scales", "[core][fixed_point]") {
  FixedPointSum sum({1, 2, 1}, 1);
  REQUIRE(sum.slots() == 3);
  REQUIRE(sum.values() == 4);
  REQUIRE(test::sum_until_good(sum, 1, [&] {
            test::add_rows<double>(sum, 0, {1.5e-30}, 1, {0});
            test::add_rows<double>(sum, 1, {0.25, -3.0}, 2, {0});
            test::add_rows<double>(sum, 2, {7e25}, 1, {0});
          }) == Verdict::good);
  CHECK(std::abs(sum.value(0) / 1.5e-30 - 1) < 1e-14);
  CHECK(sum.value(1) == 0.25);
  CHECK(sum.value(2) == -3.0);
  CHECK(std::abs(sum.value(3) / 7e25 - 1) < 1e-14);
  const auto quotients = test::to_device(std::vector<float>(3));
  sum.quotient(2.0, 3, quotients);  // fewer than there are: the loss terms at the end are not parameters
  const auto host = test::to_host(quotients);
  CHECK(std::abs(host[0] / 0.75e-30f - 1) < 1e-6f);
  CHECK(host[1] == 0.125f);
  CHECK(host[2] == -1.5f);
}

TEST_CASE("the smallest and largest doubles find a scale", "[core][fixed_point]") {
  for (const double value : {5e-324, 1e-310, 1e-300, 1e300}) {
    FixedPointSum sum({1}, 1);
    REQUIRE(test::sum_until_good(sum, 1, [&] { test::add_one(sum, value); }) == Verdict::good);
    // Below 2^-1000 the scale has reached its end, and what is smaller than its unit is rounded away.
    CHECK(std::abs(sum.value(0) - value) <= std::max(0x1p-1000, 1e-14 * value));
  }
}

TEST_CASE("a slot that was never calibrated repeats, and a slot of zeros stays good", "[core][fixed_point]") {
  FixedPointSum sum({1, 1}, 1);
  CHECK(sum.exponents() == std::vector<std::int64_t>(2, FixedPointSum::uncalibrated));
  sum.clear();
  sum.collect();
  CHECK(sum.judge(4) == Verdict::good);  // nothing but zeros
  CHECK(sum.value(0) == 0.0);
  CHECK(sum.exponents()[0] == FixedPointSum::uncalibrated);
  test::add_one(sum, 3.0f);
  sum.collect();
  CHECK(sum.judge(4) == Verdict::repeat);
  CHECK(sum.exponents()[0] == 61 - 10 - 2 - 2);  // 4 blocks below 2^2
  CHECK(sum.exponents()[1] == FixedPointSum::uncalibrated);
  // Zeros in a calibrated slot keep its scale.
  sum.clear();
  sum.collect();
  CHECK(sum.judge(4) == Verdict::good);
  CHECK(sum.exponents()[0] == 47);
}

// The scale fits addends that have grown by 2^10 since the last use; at 2^11 the sum could overflow.
TEST_CASE("addends beyond the headroom ask for a repeat and are right after it", "[core][fixed_point]") {
  constexpr int blocks = 8;
  const auto add_blocks = [](FixedPointSum& sum, double value) {
    sum.clear();
    test::add_rows<double>(sum, 0, std::vector<double>(blocks, value), 1, test::in_order(blocks));
    sum.collect();
    return sum.judge(blocks);
  };
  for (const bool within : {true, false}) {
    FixedPointSum sum({1}, 2);
    REQUIRE(add_blocks(sum, 1.0) == Verdict::repeat);
    REQUIRE(add_blocks(sum, 1.0) == Verdict::good);
    const double grown = within ? 1024.0 : 1025.0;
    CHECK(add_blocks(sum, grown) == (within ? Verdict::good : Verdict::repeat));
    if (!within) CHECK(add_blocks(sum, grown) == Verdict::good);
    CHECK(sum.value(0) == blocks * grown);
    CHECK(add_blocks(sum, 1e300) == Verdict::repeat);
    CHECK(add_blocks(sum, 1e300) == Verdict::good);
    CHECK(std::abs(sum.value(0) / 8e300 - 1) < 1e-14);
  }
}

TEST_CASE("not-a-number and infinity are never lost, wherever they stand", "[core][fixed_point]") {
  constexpr int columns = 37, count = 5;
  const auto check = [](auto zero) {
    using Scalar = decltype(zero);
    for (const Scalar bad :
         {std::numeric_limits<Scalar>::quiet_NaN(), -std::numeric_limits<Scalar>::quiet_NaN(),
          std::numeric_limits<Scalar>::infinity(), -std::numeric_limits<Scalar>::infinity()}) {
      int lost = 0;
      for (int at = 0; at < columns * count; ++at) {
        FixedPointSum sum({columns}, 2);
        std::vector<Scalar> rows(columns * count, std::numeric_limits<Scalar>::max());
        rows[at] = bad;
        test::add_rows(sum, 0, rows, columns, test::in_order(count));
        sum.collect();
        lost += sum.judge(count) != Verdict::not_finite;
      }
      CHECK(lost == 0);
    }
  };
  check(0.0f);
  check(0.0);
}

TEST_CASE("after a sum that is not finite the scales are as they were", "[core][fixed_point]") {
  FixedPointSum sum({1, 1}, 1);
  const auto add = [&](double first, double second) {
    sum.clear();
    test::add_rows<double>(sum, 0, {first}, 1, {0});
    test::add_rows<double>(sum, 1, {second}, 1, {0});
    sum.collect();
    return sum.judge(1);
  };
  REQUIRE(add(1.0, 1.0) == Verdict::repeat);
  REQUIRE(add(1.0, 1.0) == Verdict::good);
  const auto exponents = sum.exponents();
  CHECK(add(64.0, std::numeric_limits<double>::quiet_NaN()) == Verdict::not_finite);
  CHECK(sum.exponents() == exponents);
  REQUIRE(add(3.0, 5.0) == Verdict::good);
  CHECK(sum.value(0) == 3.0);
  CHECK(sum.value(1) == 5.0);
}

TEST_CASE("exponents from a checkpoint give the same bits without a repeat", "[core][fixed_point]") {
  const auto rows = test::arbitrary_numbers(20 * 6, 3);
  FixedPointSum first({20}, 2), second({20}, 1);
  const auto use = [&](FixedPointSum& sum) {
    sum.clear();
    test::add_rows(sum, 0, rows, 20, test::in_order(6));
    sum.collect();
    return sum.judge(6);
  };
  REQUIRE(use(first) == Verdict::repeat);
  second.set_exponents(first.exponents());
  REQUIRE(use(first) == Verdict::good);
  REQUIRE(use(second) == Verdict::good);
  CHECK(std::equal(first.sums().begin(), first.sums().end(), second.sums().begin(), second.sums().end()));
  for (int i = 0; i < 20; ++i) CHECK(first.value(i) == second.value(i));
}

// What two ranks do: each sums its half, then sums are added and peaks maximised.
TEST_CASE("halves added afterwards equal the whole", "[core][fixed_point]") {
  const auto rows = test::arbitrary_numbers(9 * 10, 4);
  FixedPointSum whole({9}, 2), left({9}, 1), right({9}, 2);
  for (FixedPointSum* sum : {&whole, &left, &right}) sum->set_exponents({44});
  test::add_rows(whole, 0, rows, 9, test::in_order(10));
  test::add_rows(left, 0, rows, 9, {0, 1, 2});
  test::add_rows(right, 0, rows, 9, {9, 8, 7, 6, 5, 4, 3});
  for (FixedPointSum* sum : {&whole, &left, &right}) sum->collect();
  for (int i = 0; i < 9; ++i) CHECK(left.sums()[i] + right.sums()[i] == whole.sums()[i]);
  CHECK(std::max(left.peaks()[0], right.peaks()[0]) == whole.peaks()[0]);
}
