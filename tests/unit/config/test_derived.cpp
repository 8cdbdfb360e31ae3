// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "config/resume.hpp"
#include "config/spelling.hpp"

using namespace ebmpi::config;

TEST_CASE("the number of shards follows from the batch size alone", "[config]") {
  RunConfig config;
  for (const auto& [batch_size, shards] :
       {std::pair{1, 1}, {63, 1}, {64, 1}, {127, 1}, {128, 2}, {256, 4}, {1000, 15}}) {
    config.optimizer.batch_size = batch_size;
    CHECK(resolved_shards(config) == shards);
  }
  config.parallel.shards = 7;
  CHECK(resolved_shards(config) == 7);
}

TEST_CASE("the sampled temperature follows from the noise scale", "[config]") {
  RunConfig config;
  SamplerSection& sampler = config.sampler;
  sampler.temperature = 0.5;
  CHECK(langevin_temperature(config) == 0.5);
  sampler.step_size = 10.0;
  sampler.noise_scale = 0.005;  // the common choice step 10, noise 0.005 samples at T = 1.25e-6
  CHECK(std::abs(langevin_temperature(config) - 1.25e-6) < 1e-20);
  sampler.step_size = 0.01;
  sampler.noise_scale = std::sqrt(0.02);  // √(2η) is T = 1
  CHECK(std::abs(langevin_temperature(config) - 1.0) < 1e-15);
}

TEST_CASE("objectives without chains fit the energy at temperature 1", "[config]") {
  RunConfig config;
  config.sampler.temperature = 0.5;
  for (const auto kind : {ObjectiveKind::score_matching, ObjectiveKind::sliced_score_matching,
                          ObjectiveKind::denoising_score_matching,
                          ObjectiveKind::noise_contrastive_estimation, ObjectiveKind::energy_discrepancy}) {
    config.objective.kind = kind;
    CHECK(langevin_temperature(config) == 1.0);
    CHECK_FALSE(is_contrastive_divergence(config));
    CHECK_FALSE(is_persistent(config));
  }
  config.objective.kind = ObjectiveKind::contrastive_divergence;
  CHECK(langevin_temperature(config) == 0.5);
  CHECK(is_contrastive_divergence(config));
  CHECK_FALSE(is_persistent(config));
  config.objective.kind = ObjectiveKind::persistent_contrastive_divergence;
  CHECK(langevin_temperature(config) == 0.5);
  CHECK(is_contrastive_divergence(config));
  CHECK(is_persistent(config));
}

TEST_CASE("a config tells what its network takes and gives", "[config]") {
  RunConfig config;
  CHECK(has_energy(config));
  config.network.kind = NetworkKind::score_mlp;
  CHECK_FALSE(has_energy(config));
  config.objective.sigmas = {1.0, 0.1};
  CHECK_FALSE(is_noise_conditional(config));
  config.objective.kind = ObjectiveKind::denoising_score_matching;
  CHECK(is_noise_conditional(config));
  config.objective.sigmas.clear();
  CHECK_FALSE(is_noise_conditional(config));
}

TEST_CASE("enumerators have the names of the config", "[config]") {
  CHECK(to_string(Precision::double_precision) == "double");
  CHECK(to_string(NetworkKind::mlp) == "mlp");
  CHECK(to_string(Activation::leaky_relu) == "leaky_relu");
  CHECK(to_string(ObjectiveKind::persistent_contrastive_divergence) == "persistent_contrastive_divergence");
  CHECK(to_string(ObjectiveKind::energy_discrepancy) == "energy_discrepancy");
  CHECK(to_string(NetworkKind::score_mlp) == "score_mlp");
  CHECK(to_string(Activation::quadratic) == "quadratic");
  CHECK(to_string(DirectionKind::gaussian) == "gaussian");
  CHECK(to_string(SigmaWeighting::uniform) == "uniform");
  CHECK(to_string(NoiseContrast::ranking) == "ranking");
  CHECK(to_string(NoiseContrast::conditional) == "conditional");
  CHECK(to_string(NoiseKind::mixture) == "mixture");
  CHECK(to_string(NoiseKind::uniform) == "uniform");
  CHECK(to_string(CovarianceKind::diagonal) == "diagonal");
  CHECK(to_string(SamplerKind::langevin) == "langevin");
  CHECK(to_string(ChainStart::data) == "data");
  CHECK(to_string(OptimizerKind::sgd) == "sgd");
  CHECK(to_string(ScheduleKind::step) == "step");
}

TEST_CASE("a run continues with another length and folder, and with nothing else changed", "[config]") {
  RunConfig stored;
  stored.data.density = "rings";
  RunConfig wanted = stored;
  wanted.run.steps = 9;
  wanted.run.output = "elsewhere";
  wanted.run.log_every = 1;
  wanted.run.checkpoint_every = 2;
  wanted.run.keep_checkpoints = 4;
  wanted.run.patience = 5;
  wanted.data.file = "/elsewhere/x.h5";
  wanted.parallel.shards = 4;  // what 0 stands for with a batch of 256
  CHECK(incompatible_keys(stored, wanted).empty());

  wanted.run.seed = 2;
  wanted.network.hidden = {64};
  wanted.optimizer.learning_rate = 0.5;
  wanted.parallel.shards = 8;
  CHECK(incompatible_keys(stored, wanted) ==
        std::vector<std::string>{"run.seed: 1 in the checkpoint, 2 in the config",
                                 "network.hidden: [128, 128] in the checkpoint, [64] in the config",
                                 "optimizer.learning_rate: 0.001 in the checkpoint, 0.5 in the config",
                                 "parallel.shards: 4 in the checkpoint, 8 in the config"});
}

TEST_CASE("a run keeps the ladder and how often it validates", "[config]") {
  RunConfig stored;
  stored.objective.sigmas = {1.0, 0.1};
  RunConfig wanted = stored;
  CHECK(incompatible_keys(stored, wanted).empty());
  wanted.run.validate_every = 10;
  wanted.objective.sigmas = {1.0, 0.01};
  CHECK(
      incompatible_keys(stored, wanted) ==
      std::vector<std::string>{"run.validate_every: 500 in the checkpoint, 10 in the config",
                               "objective.sigmas: [1.0, 0.1] in the checkpoint, [1.0, 0.01] in the config"});
}

TEST_CASE("a cosine schedule fixes the length of the run", "[config]") {
  RunConfig stored;
  stored.optimizer.schedule = ScheduleKind::cosine;
  RunConfig wanted = stored;
  wanted.run.steps = 7;
  CHECK(incompatible_keys(stored, wanted) ==
        std::vector<std::string>{"run.steps: 6000 in the checkpoint, 7 in the config"});
}

TEST_CASE("edit distances count swaps as one", "[config]") {
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("silu", "sliu") == 1);
  CHECK(edit_distance("ca", "abc") ==
        3);  // optimal string alignment; unrestricted Damerau-Levenshtein gives 2
  const std::vector<std::string_view> names = {"steps", "step_size", "seed"};
  CHECK(nearest_name("stepsize", names) == "step_size");
  CHECK_FALSE(nearest_name("temperature", names));
  CHECK_FALSE(nearest_name("", names));
}
