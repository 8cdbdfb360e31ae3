// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>

#include "core/error.hpp"
#include "data/fit_mixture.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;

namespace {

constexpr std::int64_t rows = 401, dimension = 3;

/// The rows of each shard that `shards` owns.
std::vector<std::vector<double>> owned_rows(const std::vector<double>& values, const comm::ShardMap& shards) {
  std::vector<std::vector<double>> owned;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(rows, shard);
    owned.emplace_back(values.begin() + slice.first * dimension, values.begin() + slice.last * dimension);
  }
  return owned;
}

}  // namespace

TEST_CASE("A mixture fitted by all ranks has the bits of one process", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  const std::vector<double> values = test::arbitrary_numbers(rows * dimension, 12);
  // With two shards, ranks beyond the second own nothing.
  for (const std::int64_t shard_count : {2, 5}) {
    const comm::ShardMap own(shard_count, world.size(), world.rank()), all(shard_count, 1, 0);
    for (const std::int64_t components : {1, 4}) {
      for (const data::Covariance covariance : {data::Covariance::full, data::Covariance::diagonal}) {
        const data::MixtureSettings settings{
            .components = components, .covariance = covariance, .seed = 5, .most_iterations = 15};
        const data::GaussianMixture part =
            data::fit_mixture(world, own, dimension, owned_rows(values, own), settings);
        const data::GaussianMixture whole =
            data::fit_mixture(self, all, dimension, owned_rows(values, all), settings);
        CHECK(part.weights == whole.weights);
        CHECK(part.means == whole.means);
        CHECK(part.factors == whole.factors);
      }
    }
  }
}

TEST_CASE("Too few rows for a mixture stop every rank", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const comm::ShardMap shards(5, world.size(), world.rank());
  const std::vector<double> values = test::arbitrary_numbers(rows * dimension, 12);
  CHECK_THROWS_AS(
      data::fit_mixture(world, shards, dimension, owned_rows(values, shards), {.components = rows + 1}),
      core::InputError);
}
