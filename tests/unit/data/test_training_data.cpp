// SPDX-License-Identifier: Apache-2.0
#include "data/training_data.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "support/array_source.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using Catch::Matchers::ContainsSubstring;

namespace {

data::Preparation as_they_are(double validation_fraction) {
  data::Preparation preparation;
  preparation.standardize = false;
  preparation.validation_fraction = validation_fraction;
  return preparation;
}

data::TrainingData<double> prepare(const data::SampleSource& source, const comm::ShardMap& shards,
                                   const data::Preparation& preparation) {
  return {comm::Communicator(MPI_COMM_SELF), shards, source, preparation};
}

/// The rows of the batch of `step`, on one rank.
std::vector<double> batch_of(const data::TrainingData<double>& data, const comm::ShardMap& shards,
                             std::int64_t batch_size, std::int64_t step) {
  const core::Rows<double> batch("ebmpi::test::batch", batch_size, data.dimension());
  data.draw(step, data::make_batch_slots(shards, batch_size, data.training_slices()), batch);
  return test::from_rows(batch);
}

std::set<double> distinct(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

/// The held-out rows of numbered rows.
std::set<double> held_out(std::int64_t rows, std::int64_t shards, data::Preparation preparation) {
  return distinct(
      test::from_rows(prepare(test::numbered_rows(rows), {shards, 1, 0}, preparation).validation()));
}

}  // namespace

TEST_CASE("An epoch visits every training row of a shard once, in an order of its own", "[data]") {
  constexpr std::int64_t rows = 200, batch_size = 31, epochs = 4;
  const comm::ShardMap shards(3, 1, 0);
  const auto data = prepare(test::numbered_rows(rows), shards, as_they_are(0.2));
  const std::set<double> validation = distinct(test::from_rows(data.validation()));
  for (std::int64_t shard = 0; shard < 3; ++shard) {
    std::set<double> own;
    const comm::IndexRange range = shards.slice(rows, shard);
    for (std::int64_t row = range.first; row < range.last; ++row) {
      if (!validation.contains(static_cast<double>(row))) own.insert(static_cast<double>(row));
    }
    const comm::IndexRange share = shards.slice(batch_size, shard);
    std::vector<double> served;
    for (std::int64_t step = 1; std::ssize(served) < epochs * std::ssize(own); ++step) {
      const std::vector<double> batch = batch_of(data, shards, batch_size, step);
      served.insert(served.end(), batch.begin() + share.first, batch.begin() + share.last);
    }
    std::set<std::vector<double>> orders;
    for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
      const auto first = served.begin() + epoch * std::ssize(own);
      const std::vector<double> order(first, first + std::ssize(own));
      CHECK(distinct(order) == own);
      orders.insert(order);
    }
    CHECK(orders.size() == epochs);
  }
}

TEST_CASE("The validation split is a function of seed and row alone", "[data]") {
  constexpr std::int64_t rows = 20000;
  constexpr double fraction = 0.25;
  const std::set<double> split = held_out(rows, 1, as_they_are(fraction));
  const double standard_error = std::sqrt(fraction * (1.0 - fraction) / rows);
  CHECK(std::abs(static_cast<double>(split.size()) / rows - fraction) < 4.0 * standard_error);
  CHECK(held_out(rows, 7, as_they_are(fraction)) == split);
  CHECK(held_out(rows, 1, as_they_are(0.0)).empty());

  data::Preparation other_seed = as_they_are(fraction);
  other_seed.seed = 2;
  const std::set<double> other = held_out(rows, 1, other_seed);
  std::int64_t both = 0;
  for (const double row : other) both += split.contains(row) ? 1 : 0;
  CHECK(std::abs(static_cast<double>(both) / static_cast<double>(other.size()) - fraction) <
        0.03);  // as if by chance
}

TEST_CASE("Training and validation rows share the rows of each shard", "[data]") {
  constexpr std::int64_t rows = 997;
  const comm::ShardMap shards(5, 1, 0);
  const auto data = prepare(test::numbered_rows(rows), shards, as_they_are(0.3));
  const auto size = static_cast<std::int64_t>(data.validation().extent(0));
  CHECK(data.training_rows() + size == rows);
  std::int64_t training = 0, validation = 0;
  for (std::int64_t shard = 0; shard < 5; ++shard) {
    const data::ShardSlice& trained = data.training_slices()[shard];
    const data::ShardSlice& held = data.validation_slices()[shard];
    CHECK(trained.local_first == training);
    CHECK(held.local_first == validation);
    CHECK(trained.size + held.size == shards.slice(rows, shard).size());
    training += trained.size;
    validation += held.size;
  }
}

TEST_CASE("Rows are standardised with the moments of the training rows", "[data]") {
  constexpr std::int64_t rows = 3000;
  std::vector<double> values = test::arbitrary_numbers(2 * rows, 7);
  for (std::int64_t row = 0; row < rows; ++row) {
    values[2 * row] = 1000.0 + 3.0 * values[2 * row];
    values[2 * row + 1] = 0.01 * values[2 * row + 1] * values[2 * row + 1];
  }
  const std::set<double> held = held_out(rows, 3, as_they_are(0.1));
  data::Preparation preparation;
  preparation.validation_fraction = 0.1;
  const comm::ShardMap shards(3, 1, 0);
  const auto data = prepare(test::ArraySource(values, 2), shards, preparation);
  for (std::size_t d = 0; d < 2; ++d) {
    std::vector<double> trained;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!held.contains(static_cast<double>(row))) trained.push_back(values[2 * row + d]);
    }
    double mean = 0, variance = 0;
    for (const double x : trained) mean += x / static_cast<double>(trained.size());
    for (const double x : trained) variance += (x - mean) * (x - mean) / static_cast<double>(trained.size());
    const auto [lowest, highest] = std::minmax_element(trained.begin(), trained.end());
    CHECK(data.transform().mean()[d] == Catch::Approx(mean).epsilon(1e-12));
    CHECK(data.transform().scale()[d] == Catch::Approx(std::sqrt(variance)).epsilon(1e-10));
    CHECK(std::abs(data.moments().mean[d]) < 1e-10);
    CHECK(data.moments().deviation[d] == Catch::Approx(1.0).epsilon(1e-10));
    CHECK(data.moments().minimum[d] == Catch::Approx((*lowest - mean) / std::sqrt(variance)).epsilon(1e-9));
    CHECK(data.moments().maximum[d] == Catch::Approx((*highest - mean) / std::sqrt(variance)).epsilon(1e-9));
  }
}

TEST_CASE("Jitter is new, independent noise of the given size on every draw", "[data]") {
  constexpr double jitter = 0.3;
  constexpr std::int64_t batch_size = 4000;
  const comm::ShardMap shards(2, 1, 0);
  data::Preparation preparation = as_they_are(0.0);
  preparation.jitter = jitter;
  const test::ArraySource constant(std::vector<double>(30, 5.0), 3);
  const auto data = prepare(constant, shards, preparation);
  const std::vector<double> first = batch_of(data, shards, batch_size, 1);
  const std::vector<double> second = batch_of(data, shards, batch_size, 2);
  CHECK(batch_of(data, shards, batch_size, 1) == first);

  const auto n = static_cast<double>(first.size());
  double mean = 0, variance = 0, across_steps = 0, across_rows = 0, across_columns = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double noise = first[i] - 5.0;
    mean += noise / n;
    variance += noise * noise / n;
    across_steps += noise * (second[i] - 5.0) / n;
    across_rows += noise * (first[(i + 3) % first.size()] - 5.0) / n;
    across_columns += noise * (first[(i + 1) % first.size()] - 5.0) / n;
  }
  const double error = 4.0 * jitter * jitter / std::sqrt(n);  // four standard errors of a product of two
  CHECK(std::abs(mean) < 4.0 * jitter / std::sqrt(n));
  CHECK(std::abs(variance - jitter * jitter) < std::sqrt(2.0) * error);
  CHECK(std::abs(across_steps) < error);
  CHECK(std::abs(across_rows) < error);
  CHECK(std::abs(across_columns) < error);
}

TEST_CASE("Data that cannot be trained on are refused", "[data]") {
  const comm::ShardMap shards(4, 1, 0);
  CHECK_THROWS_WITH(
      prepare(test::numbered_rows(3), shards, as_they_are(0.0)),
      ContainsSubstring("array has 3 rows for 4 shards") && ContainsSubstring("parallel.shards"));
  CHECK_THROWS_WITH(
      prepare(test::numbered_rows(8), shards, as_they_are(0.999999)),
      ContainsSubstring("without a training row") && ContainsSubstring("data.validation_fraction"));
  data::Preparation components;
  components.pca = 2;
  CHECK_THROWS_WITH(prepare(test::numbered_rows(8), shards, components),
                    ContainsSubstring("data.pca = 2 is more than the 1 columns"));
  CHECK_THROWS_AS(prepare(test::numbered_rows(8), shards, components), core::InputError);
  const test::ArraySource large({1e39, -1e39, 3e39, 0.0}, 1);
  CHECK_THROWS_WITH(
      data::TrainingData<float>(comm::Communicator(MPI_COMM_SELF), shards, large, as_they_are(0.0)),
      ContainsSubstring("beyond the range"));
  CHECK_NOTHROW(prepare(large, shards, as_they_are(0.0)));
}
