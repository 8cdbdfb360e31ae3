// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "inference/score_network.hpp"
#include "inference_runs.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;
using Catch::Matchers::WithinAbs;

TEST_CASE("a network without hidden layers learns the least squares of its targets", "[inference]") {
  // Two columns and one target, g = x_0 - x_1 / 2 + 0.3 + noise; 150 rows, which no block divides.
  const comm::Communicator self(MPI_COMM_SELF);
  const comm::ShardMap shards(3, 1, 0);
  constexpr std::int64_t rows = 150;
  test::LinearGaussian numbers(3, 1.0, 0.0);
  const ShardedRows all = test::observe(numbers, std::vector<double>(3, 0.0), rows, 8);
  ShardedRows x{rows, {0, rows}, 2, {}}, target{rows, {0, rows}, 1, {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto one = all.row(row);
    x.values.insert(x.values.end(), {one[0], one[1]});
    target.values.push_back(one[0] - 0.5 * one[1] + 0.3 + 0.2 * one[2]);
  }
  const Standardization standardization = standardization_of(self, shards, x);
  NetworkSettings settings;
  settings.hidden = {};
  settings.precision = config::Precision::double_precision;
  settings.learning_rate = 0.01;
  settings.updates = 4000;
  const auto network = make_score_network(self, shards, settings, rows, 2, 1);
  network->train(x, standardization, target);
  const ShardedRows trained = network->with_outputs(x, standardization);

  const Features features(FeatureKind::linear, standardization);
  const SquaredSums sums =
      squared_sums(self, shards, rows, {0, rows}, 4, [&](std::int64_t number, std::span<double> row) {
        features(x.row(number), row.first(2));
        row[2] = 1.0;
        row[3] = target.row(number)[0];
      });
  const LinearScore exact = fit_score(self, {sums, 2, 1}, 0.0).score;
  std::vector<double> z(2);
  for (std::int64_t row = 0; row < rows; ++row) {
    features(x.row(row), z);
    CHECK(trained.row(row)[0] == x.row(row)[0]);
    CHECK_THAT(trained.row(row)[2], WithinAbs(exact(z)[0], 1e-6));
  }
}
