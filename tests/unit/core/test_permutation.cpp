// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/permutation.hpp"

using ebmpi::core::Permutation;
using ebmpi::core::Purpose;
using ebmpi::core::stream_key;

namespace {

const auto key = stream_key(7, Purpose::batch_order);

bool is_bijection(std::uint64_t n, std::uint32_t epoch) {
  const Permutation permutation(key, 3, epoch, n);
  std::vector<bool> seen(n, false);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t to = permutation(i);
    if (to >= n || seen[to]) return false;
    seen[to] = true;
  }
  return true;
}

std::uint64_t agreements(const Permutation& a, const Permutation& b, std::uint64_t n) {
  std::uint64_t same = 0;
  for (std::uint64_t i = 0; i < n; ++i) same += a(i) == b(i);
  return same;
}

double chi_square(const std::vector<double>& counts, double expected) {
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

}  // namespace

TEST_CASE("a permutation visits every number once", "[core][permutation]") {
  for (std::uint64_t n = 1; n <= 300; ++n) {
    INFO("n = " << n);
    CHECK(is_bijection(n, static_cast<std::uint32_t>(n % 5)));
  }
  CHECK(is_bijection(1000003, 1));
}

TEST_CASE("it stays inside and injective beyond 32 bits", "[core][permutation]") {
  const std::uint64_t n = (std::uint64_t{1} << 40) + 1;
  const Permutation permutation(key, 0, 0, n);
  std::uint64_t beyond = 0, previous = n;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t to = permutation(n - 1 - i);
    REQUIRE(to < n);
    REQUIRE(to != previous);
    previous = to;
    beyond += to >> 32 != 0;
  }
  CHECK(beyond > 950);  // 996 of 1000 are expected to need more than 32 bits
}

// Two independent permutations agree at one position on average, with variance 1.
TEST_CASE("epochs, owners and keys give unrelated permutations", "[core][permutation]") {
  constexpr std::uint64_t n = 1000;
  const Permutation base(key, 0, 0, n);
  CHECK(agreements(base, Permutation(key, 0, 0, n), n) == n);
  CHECK(agreements(base, Permutation(key, 0, 1, n), n) < 8);
  CHECK(agreements(base, Permutation(key, 1, 0, n), n) < 8);
  CHECK(agreements(base, Permutation(stream_key(8, Purpose::batch_order), 0, 0, n), n) < 8);
}

// Chi-square with k cells has mean k-1 and variance 2(k-1); the bound is 4 standard deviations above.
TEST_CASE("positions and steps between neighbours look uniform", "[core][permutation]") {
  constexpr std::uint64_t n = 1000, cells = 50;
  constexpr std::uint32_t epochs = 20000;
  std::vector<double> first(cells), last(cells), step(cells);
  for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
    const Permutation permutation(key, 2, epoch, n);
    const std::uint64_t at0 = permutation(0), at1 = permutation(1);
    first[at0 * cells / n] += 1;
    last[permutation(n - 1) * cells / n] += 1;
    step[(at1 + n - at0) % n * cells / n] += 1;
  }
  const double bound = 49 + 4 * std::sqrt(2.0 * 49);
  CHECK(chi_square(first, epochs / 50.0) < bound);
  CHECK(chi_square(last, epochs / 50.0) < bound);
  CHECK(chi_square(step, epochs / 50.0) < bound);
}

TEST_CASE("small sets are shuffled into all their orders", "[core][permutation]") {
  constexpr std::uint32_t epochs = 6000;
  std::vector<double> orders(9);
  for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
    const Permutation permutation(key, 2, epoch, 3);
    orders[3 * permutation(0) + permutation(1)] += 1;
  }
  // A Feistel network on two bits is not exactly uniform over the six orders; none may be rare.
  for (const int order : {1, 2, 3, 5, 6, 7}) CHECK(orders[order] > epochs / 12.0);
}
