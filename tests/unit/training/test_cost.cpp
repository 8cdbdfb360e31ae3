// SPDX-License-Identifier: Apache-2.0
#include "training/cost.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "config/parse.hpp"
#include "core/error.hpp"
#include "core/pack.hpp"

using namespace ebmpi;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("Parameters, operations and bytes are those counted by hand", "[training]") {
  config::RunConfig config;
  config.network.hidden = {3, 2};  // matrices 3x2, 2x3, 1x2: 14 weights, 6 biases
  config.run.steps = 1000;
  config.sampler.steps = 5;
  config.sampler.population = 11;
  config.optimizer.batch_size = 10;
  const comm::ShardMap shards(3, 2,
                              1);  // rank 0 owns two shards: 5 of 7 rows, 7 of 10 samples, 8 of 11 chains
  const training::Cost cost = training::cost_of_step<double>(config, 2, shards, 7, 2);
  CHECK(cost.parameters == 20);
  CHECK(cost.flops_per_step == 10 * (5 * 4 * 14 + 2 * 6 * 14));
  CHECK(cost.flops == 1000 * cost.flops_per_step);
  const double threads = core::ExecutionSpace().concurrency();
  CHECK(cost.bytes_per_rank == 8.0 * 2 * (5 + 2 * 7 + 8) + 20 * (9 * 8 + 8 * (threads + 1)));

  config.objective.kind = config::ObjectiveKind::contrastive_divergence;  // no population
  const training::Cost without = training::cost_of_step<float>(config, 2, shards, 7, 2);
  CHECK(without.bytes_per_rank == 4.0 * 2 * (5 + 2 * 7) + 20 * (9 * 4 + 8 * (threads + 1)));

  config.objective.kind =
      config::ObjectiveKind::score_matching;  // value, Laplacian and a stream for each input
  CHECK(training::cost_of_step<float>(config, 2, shards, 7, 2).flops_per_step == 10 * 6 * 4 * 14);
  config.objective.kind = config::ObjectiveKind::noise_contrastive_estimation;
  config.objective.noise_ratio = 3;
  const training::Cost contrast = training::cost_of_step<float>(config, 2, shards, 7, 2);
  CHECK(contrast.flops_per_step == 10 * 6 * 4 * 14);
  CHECK(contrast.parameters == 21);  // and the log normaliser
  CHECK(contrast.bytes_per_rank == 4.0 * 2 * (5 + 7 + 20) + 21 * (9 * 4 + 8 * (threads + 1)));

  config.objective.kind = config::ObjectiveKind::contrastive_divergence;
  config.data.window = 60;  // and a tenth of the rows held out, and 20000 spread ones
  config.data.validation_fraction = 0.1;
  const training::Cost streamed = training::cost_of_step<float>(config, 2, shards, 300'000, 2);
  CHECK(streamed.rows_in_memory == 60 + 30'000 + 20'000);
  CHECK(streamed.bytes_per_rank ==
        4.0 * 2 * (33'374 + 2 * 7) + 20 * (9 * 4 + 8 * (threads + 1)));  // two of three shards
  CHECK(training::cost_of_step<float>(config, 2, shards, 60, 2).rows_in_memory == 60);
  CHECK_THAT(training::describe(streamed), ContainsSubstring("rows in memory       50060 over all ranks\n"));
  CHECK_THAT(training::describe(cost),
             ContainsSubstring("parameters           20\n") && ContainsSubstring("3 on 2 ranks\n") &&
                 ContainsSubstring("4.48e-06 GF") && ContainsSubstring("4.48e-06 TF"));
}

TEST_CASE("Chains cost what their kind evaluates", "[training]") {
  const comm::ShardMap shards(2, 1, 0);
  const auto chains = [&](const std::string& sampler) {
    const config::RunConfig config = config::parse_config(
        "[data]\ndensity = \"gaussian\"\n[network]\nhidden = [4]\n[sampler]\nsteps = 6\n" + sampler +
            "[optimizer]\nbatch_size = 10\n",
        "test");
    const training::Cost cost = training::cost_of_step<float>(config, 2, shards, 100, 1);
    return cost.flops_per_step / (10 * 12) -
           2 * 6;  // 12 weights; less data and negatives, forward and in reverse
  };
  CHECK(chains("") == 4 * 6);
  CHECK(chains("kind = \"annealed_langevin\"\n") == 4 * 6);
  CHECK(chains("kind = \"mala\"\n") == 4 * 7);
  CHECK(chains("kind = \"metropolis\"\n") == 4 * 7);
  CHECK(chains("kind = \"hmc\"\nleapfrogs = 5\n") == 4 * 31);
  CHECK(chains("kind = \"parallel_tempering\"\nleapfrogs = 5\nlevels = 3\n") == 3 * 4 * 31);
  CHECK(chains("kind = \"parallel_tempering\"\nmoves = \"mala\"\nlevels = 2\n") == 2 * 4 * 7);
}

TEST_CASE("More memory than a rank can have is refused with its size", "[training]") {
  const comm::Communicator communicator(MPI_COMM_SELF);
  training::Cost cost;
  cost.bytes_per_rank = 1e6;
  CHECK_NOTHROW(training::require_memory(communicator, cost));
  for (const double bytes : {1e17, 1e30}) {
    cost.bytes_per_rank = bytes;
    CHECK_THROWS_AS(training::require_memory(communicator, cost), core::InputError);
  }
  cost.bytes_per_rank = 1e17;
  CHECK_THROWS_WITH(training::require_memory(communicator, cost),
                    ContainsSubstring("1e+08 GB") && ContainsSubstring("rank 0"));
}
