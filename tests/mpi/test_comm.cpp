// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/exact_sum.hpp"
#include "comm/shards.hpp"
#include "core/error.hpp"

using namespace ebmpi;
using comm::Communicator;

namespace {

constexpr std::int64_t small_calls =
    5;  // elements in one MPI call, so that the cutting into pieces is exercised

/// Partial of a shard whose elements span many orders of magnitude and nearly cancel between shards.
std::vector<double> partial_of_shard(std::int64_t shard, std::size_t length) {
  std::vector<double> partial(length);
  for (std::size_t i = 0; i < length; ++i) {
    const double phase = std::sin(static_cast<double>(37 * shard + 11 * static_cast<std::int64_t>(i) + 1));
    partial[i] = phase * std::pow(10.0, static_cast<double>(i % 40) - 20.0) * (shard % 3 == 0 ? 1e9 : 1.0);
  }
  return partial;
}

std::vector<std::vector<double>> owned_partials(const comm::ShardMap& map, std::size_t length) {
  std::vector<std::vector<double>> partials;
  for (std::int64_t shard = map.owned().first; shard < map.owned().last; ++shard) {
    partials.push_back(partial_of_shard(shard, length));
  }
  return partials;
}

}  // namespace

TEST_CASE("reductions over all ranks, in one call or in pieces", "[comm]") {
  for (const std::int64_t limit : {small_calls, std::int64_t{1} << 30}) {
    const Communicator world(MPI_COMM_WORLD, limit);
    const std::int64_t ranks = world.size();
    std::vector<std::int64_t> integers(13);
    std::vector<double> reals(13);
    for (std::size_t i = 0; i < integers.size(); ++i) {
      integers[i] = 100 * world.rank() + static_cast<std::int64_t>(i);
      reals[i] = -0.5 * static_cast<double>(integers[i]);
    }
    auto integer_max = integers;
    auto integer_min = integers;
    auto real_max = reals;
    world.sum(std::span<std::int64_t>(integers));
    world.sum(std::span<double>(reals));
    world.max(std::span<std::int64_t>(integer_max));
    world.min(std::span<std::int64_t>(integer_min));
    world.max(std::span<double>(real_max));
    for (std::int64_t i = 0; i < 13; ++i) {
      const std::int64_t expected = 50 * ranks * (ranks - 1) + ranks * i;
      CHECK(integers[i] == expected);
      CHECK(reals[i] == -0.5 * static_cast<double>(expected));
      CHECK(integer_max[i] == 100 * (ranks - 1) + i);
      CHECK(integer_min[i] == i);
      CHECK(real_max[i] == -0.5 * static_cast<double>(i));
    }
  }
}

TEST_CASE("the maximum keeps a NaN of any rank and the order of signed numbers", "[comm]") {
  const Communicator world(MPI_COMM_WORLD);
  for (int with_nan = 0; with_nan < world.size(); ++with_nan) {
    const bool here = world.rank() == with_nan;
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> values = {here ? -std::nan("") : infinity, here ? -1e-300 : -infinity,
                                  here ? 5e-324 : -5e-324};
    world.max(std::span<double>(values));
    CHECK(std::isnan(values[0]));
    CHECK(values[1] == -1e-300);
    CHECK(values[2] == 5e-324);
  }
}

TEST_CASE("broadcast of text and numbers from any rank", "[comm]") {
  const Communicator world(MPI_COMM_WORLD, small_calls);
  for (int from = 0; from < world.size(); ++from) {
    const std::string text =
        "text of rank " + std::to_string(from) + std::string(1, '\0') + " with a zero byte";
    CHECK(world.broadcast(world.rank() == from ? text : "another", from) == text);
    CHECK(world.broadcast(world.rank() == from ? "" : "another", from).empty());
    std::vector<double> reals(11, world.rank());
    world.broadcast(std::span<double>(reals), from);
    CHECK(reals == std::vector<double>(11, from));
    std::vector<std::int64_t> integers(11, world.rank());
    world.broadcast(std::span<std::int64_t>(integers), from);
    CHECK(integers == std::vector<std::int64_t>(11, from));
  }
}

TEST_CASE("gathering parts of unequal length, some empty", "[comm]") {
  for (const std::int64_t limit : {small_calls, std::int64_t{1} << 30}) {
    const Communicator world(MPI_COMM_WORLD, limit);
    std::vector<double> expected;
    std::vector<double> own;
    for (int rank = 0; rank < world.size(); ++rank) {
      for (int i = 0; i < 7 * rank % 11; ++i) {
        expected.push_back(100.0 * rank + i);
        if (rank == world.rank()) own.push_back(100.0 * rank + i);
      }
    }
    CHECK(world.gather_all(std::span<const double>(own)) == expected);
    const auto texts = world.gather_all(std::string(static_cast<std::size_t>(3 * world.rank()), 'a'));
    REQUIRE(texts.size() == static_cast<std::size_t>(world.size()));
    for (int rank = 0; rank < world.size(); ++rank) CHECK(texts[rank] == std::string(3 * rank, 'a'));
  }
}

TEST_CASE("together gives every rank the error of the lowest failing rank, with its type", "[comm]") {
  const Communicator world(MPI_COMM_WORLD);
  CHECK_NOTHROW(world.together([] {}));
  const int last = world.size() - 1;
  try {
    world.together([&] {
      if (world.rank() >= last / 2) throw core::FileError("disk full on " + std::to_string(world.rank()));
    });
    FAIL("nothing was thrown");
  } catch (const core::FileError& error) {
    CHECK(error.what() == "disk full on " + std::to_string(last / 2));
    CHECK(error.code() == core::ExitCode::file_error);
  }
  const auto on_last = [&](auto&& thrower) {
    world.together([&] {
      if (world.rank() == last) thrower();
    });
  };
  CHECK_THROWS_AS(on_last([] { throw core::InputError("a"); }), core::InputError);
  CHECK_THROWS_AS(on_last([] { throw core::DivergenceError("a"); }), core::DivergenceError);
  CHECK_THROWS_AS(on_last([] { throw std::bad_alloc(); }), core::InputError);
  CHECK_THROWS_AS(on_last([] { throw std::system_error(ENOSPC, std::generic_category()); }), core::FileError);
  CHECK_THROWS_AS(on_last([] { throw 7; }), std::runtime_error);
  try {
    on_last([] { throw core::Error(core::ExitCode::stopped_early, "later"); });
    FAIL("nothing was thrown");
  } catch (const core::Error& error) {
    CHECK(error.code() == core::ExitCode::stopped_early);
  }
  try {
    on_last([] { throw std::logic_error("index 7 of 5"); });
    FAIL("nothing was thrown");
  } catch (const core::Error&) {
    FAIL("a fault of the program is not an error for the user");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find("index 7 of 5 (on rank " + std::to_string(last)) !=
          std::string::npos);
  }
}

TEST_CASE("sum over shards has the bits of the one-rank sum and the accuracy of a double", "[comm]") {
  constexpr std::size_t length = 120;
  const Communicator world(MPI_COMM_WORLD, small_calls);
  const Communicator self(MPI_COMM_SELF);
  for (const std::int64_t shards : {1, 2, 7, 64, 1000}) {
    const comm::ShardMap map(shards, world.size(), world.rank());
    const comm::ShardMap serial(shards, 1, 0);
    const auto sums = comm::sum_over_shards(world, map, length, owned_partials(map, length));
    const auto reference = comm::sum_over_shards(self, serial, length, owned_partials(serial, length));
    REQUIRE(sums.size() == length);
    for (std::size_t i = 0; i < length; ++i) {
      CHECK(std::bit_cast<std::uint64_t>(sums[i]) == std::bit_cast<std::uint64_t>(reference[i]));
      long double exact = 0.0L;
      long double largest = 0.0L;
      for (std::int64_t shard = 0; shard < shards; ++shard) {
        const long double part = partial_of_shard(shard, length)[i];
        exact += part;
        largest = std::max(largest, std::abs(part));
      }
      const long double bound = 1.2e-16L * (std::abs(exact) + largest);
      CHECK(std::abs(static_cast<long double>(sums[i]) - exact) <= bound);
    }
  }
}

TEST_CASE("sum over shards: values that a double can hold exactly, zero, extremes, NaN and infinity",
          "[comm]") {
  const Communicator world(MPI_COMM_WORLD);
  constexpr std::int64_t shards = 3;  // with 4 ranks, one owns none
  const comm::ShardMap map(shards, world.size(), world.rank());
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const double all[shards][7] = {{1.0, 0.0, 1e300, 4e-324, nan, 1.0, 1e20},
                                 {0.25, 0.0, -1e300, 4e-324, 1.0, -infinity, 1.0},
                                 {-3.5, -0.0, 7e284, 0.0, 2.0, infinity, -1e20}};
  std::vector<std::vector<double>> partials;
  for (std::int64_t shard = map.owned().first; shard < map.owned().last; ++shard) {
    partials.emplace_back(std::begin(all[shard]), std::end(all[shard]));
  }
  const auto sums = comm::sum_over_shards(world, map, 7, partials);
  CHECK(sums[0] == -2.25);
  CHECK(sums[1] == 0.0);
  CHECK(sums[2] == 7e284);
  CHECK(sums[3] == 2 * 4.9406564584124654e-324);
  CHECK(std::isnan(sums[4]));
  CHECK(std::isnan(sums[5]));
  CHECK(sums[6] == 1.0);
  CHECK(comm::sum_over_shards(world, map, 0, std::vector<std::vector<double>>(map.owned().size())).empty());
  CHECK_THROWS_AS(comm::sum_over_shards(world, map, 8, {{1.0}, {1.0}, {1.0}, {1.0}}), std::invalid_argument);
}
