// SPDX-License-Identifier: Apache-2.0
// Every rank sees, of data that all share, exactly what a single process would see there.
#include <catch2/catch_test_macros.hpp>

#include "core/error.hpp"
#include "data/training_data.hpp"
#include "support/array_source.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;

namespace {

constexpr std::int64_t shard_count = 5, batch_size = 23;

core::Rows<float> batch_of(const data::TrainingData<float>& data, const comm::ShardMap& shards,
                           std::int64_t step) {
  const core::Rows<float> batch("ebmpi::test::batch", shards.owned_slice(batch_size).size(),
                                data.dimension());
  data.draw(step, data::make_batch_slots(shards, batch_size, data.training_slices()), batch);
  return batch;
}

}  // namespace

TEST_CASE("Ranks see the batches, moments and split of one process", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  std::vector<double> values = test::arbitrary_numbers(3 * 401, 11);
  for (std::size_t i = 0; i < values.size(); i += 3) values[i + 1] += 100.0 * values[i];
  const test::ArraySource source(values, 3);
  const comm::ShardMap own(shard_count, world.size(), world.rank()), all(shard_count, 1, 0);
  for (const std::int64_t components : {0, 2}) {
    data::Preparation preparation;
    preparation.pca = components;
    preparation.jitter = 0.1;
    const data::TrainingData<float> part(world, own, source, preparation),
        whole(self, all, source, preparation);
    CHECK(part.training_rows() == whole.training_rows());
    CHECK(part.transform().mean() == whole.transform().mean());
    CHECK(part.transform().scale() == whole.transform().scale());
    CHECK(part.transform().projection() == whole.transform().projection());
    CHECK(part.moments().mean == whole.moments().mean);
    CHECK(part.moments().deviation == whole.moments().deviation);
    CHECK(part.moments().minimum == whole.moments().minimum);
    CHECK(part.moments().maximum == whole.moments().maximum);

    const std::size_t columns = components == 0 ? 3 : 2;
    for (const std::int64_t step : {1, 2, 50, 1000}) {
      const std::vector<float> expected = test::from_rows(batch_of(whole, all, step));
      const comm::IndexRange rows = own.owned_slice(batch_size);
      CHECK(test::from_rows(batch_of(part, own, step)) ==
            std::vector<float>(expected.begin() + rows.first * columns,
                               expected.begin() + rows.last * columns));
    }
    const std::vector<float> held = test::from_rows(part.validation()),
                             all_held = test::from_rows(whole.validation());
    const std::int64_t first =
        own.owned().size() == 0 ? 0 : whole.validation_slices()[own.owned().first].local_first;
    CHECK(held == std::vector<float>(all_held.begin() + first * columns,
                                     all_held.begin() + first * columns + held.size()));
  }
}

TEST_CASE("A shard without training rows stops every rank", "[mpi][data]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const comm::ShardMap shards(shard_count, world.size(), world.rank());
  const test::ArraySource four_rows = test::numbered_rows(4);  // the last shard, of the last rank, has none
  data::Preparation preparation;
  preparation.validation_fraction = 0.0;
  CHECK_THROWS_AS(data::TrainingData<float>(world, shards, four_rows, preparation), core::InputError);
}
