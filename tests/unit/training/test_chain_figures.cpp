// SPDX-License-Identifier: Apache-2.0
#include "training/chain_figures.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "unit/training/small_run.hpp"

using namespace ebmpi;

TEST_CASE("visits are counted as the slots serve", "[training][chain_figures]") {
  core::BatchSlot slot;
  slot.size = 7;
  slot.share = 3;
  std::vector<std::int64_t> counts(7, 0);
  for (std::int64_t step = 1; step <= 40; ++step) {
    for (slot.position = 0; slot.position < slot.share; ++slot.position) {
      const auto object = static_cast<std::size_t>(slot.object(step));
      CHECK(slot.visits(step) == counts[object]);
      ++counts[object];
    }
    for (std::int64_t object = 0; object < 7; ++object)
      CHECK(training::visits_until(slot, object, step) == counts[static_cast<std::size_t>(object)]);
  }
}

TEST_CASE("the correlation of sums is Pearson's", "[training][chain_figures]") {
  const std::vector<double> a{-2, -1, 0, 1, 2}, b{-3, -4, 0, 0, 7};
  double sums[5] = {};
  for (std::size_t i = 0; i < a.size(); ++i) {
    sums[0] += a[i];
    sums[1] += b[i];
    sums[2] += a[i] * a[i];
    sums[3] += b[i] * b[i];
    sums[4] += a[i] * b[i];
  }
  CHECK(std::abs(training::correlation(5, sums[0], sums[1], sums[2], sums[3], sums[4]) -
                 24.0 / std::sqrt(10.0 * 74.0)) < 1e-14);
  CHECK(std::isnan(training::correlation(2, 1, 1, 1, 1, 1)));
}

TEST_CASE("the lineage of persistent chains is followed", "[training][chain_figures]") {
  config::RunConfig config = test::small_config();  // 100 chains in batches of 90: each is used nearly always
  config.run.log_every = 4;
  SECTION("no chain restarts") {
    config.sampler.reinitialize = 0.0;
    test::LoneTrainer<float> trainer(config);
    for (int step = 0; step < 4; ++step) trainer->step(training::StopReason::none);
    CHECK(trainer->measure().chains->ancestors == 0.0);  // all began in these steps
    for (int step = 0; step < 16; ++step) trainer->step(training::StopReason::none);
    const training::ChainMetrics chains = *trainer->measure().chains;
    CHECK(chains.ancestors == 1.0);
    CHECK(chains.autocorrelation > 0.0);  // 3 short steps between uses
    CHECK(chains.r_hat_draws == 17);      // 20 steps of 30 rows to the 34 chains of a shard
    CHECK(chains.r_hat > 1.1);
  }
  SECTION("every chain restarts") {
    config.sampler.reinitialize = 1.0;
    test::LoneTrainer<float> trainer(config);
    for (int step = 0; step < 12; ++step) trainer->step(training::StopReason::none);
    const training::ChainMetrics chains = *trainer->measure().chains;
    CHECK(chains.ancestors == 0.0);
    CHECK(std::isnan(*chains.autocorrelation));
    CHECK(std::abs(*chains.r_hat - 1.0) < 0.1);
  }
}
