// SPDX-License-Identifier: Apache-2.0
#include "training/settings.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace ebmpi;

TEST_CASE("The noise of a Langevin step follows from the temperature, or gives it", "[training]") {
  config::RunConfig config;
  config::SamplerSection& section = config.sampler;
  section.steps = 7;
  section.step_size = 0.02;
  section.temperature = 0.25;
  section.gradient_clip = 3.0;
  sampling::LangevinSettings settings = training::langevin_settings(config);
  CHECK(settings.steps == 7);
  CHECK(settings.step_size == 0.02);
  CHECK(settings.gradient_clip == 3.0);
  CHECK(settings.noise_scale == Catch::Approx(0.1).epsilon(1e-14));  // √(2 · 0.02 · 0.25)
  CHECK(settings.temperature() == Catch::Approx(0.25).epsilon(1e-14));

  section.temperature = 1.0;
  section.noise_scale = 0.05;
  settings = training::langevin_settings(config);
  CHECK(settings.noise_scale == Catch::Approx(0.05).epsilon(1e-14));
  CHECK(settings.temperature() == Catch::Approx(0.0625).epsilon(1e-14));  // 0.05² / (2 · 0.02)
}

TEST_CASE("Sections of the config reach the settings of the folders", "[training]") {
  config::RunConfig config;
  config.run.steps = 500;
  config.run.seed = 77;
  config.network.hidden = {5, 6};
  config.network.activation = core::Activation::tanh;
  config.optimizer.kind = config::OptimizerKind::sgd;
  config.optimizer.momentum = 0.8;
  config.optimizer.learning_rate = 0.5;
  config.optimizer.schedule = config::ScheduleKind::cosine;
  config.optimizer.warmup_steps = 10;
  config.optimizer.final_fraction = 0.1;
  config.data.standardize = false;
  config.data.pca = 3;
  config.data.validation_fraction = 0.4;
  config.data.jitter = 0.2;

  const network::MlpShape shape = training::mlp_shape(config, 4);
  CHECK(shape.inputs == 4);
  CHECK(shape.hidden == std::vector{5, 6});
  CHECK(shape.activation == core::Activation::tanh);

  CHECK(shape.outputs == 1);
  CHECK(shape.log_normalizer == network::LogNormalizer::none);

  const optimizer::Settings settings = training::optimizer_settings(config.optimizer);
  CHECK(settings.kind == optimizer::Kind::sgd);
  CHECK(settings.momentum == 0.8);

  const optimizer::Schedule schedule = training::schedule(config);
  CHECK(schedule(5) == Catch::Approx(0.25));    // half of the warm-up
  CHECK(schedule(10) == Catch::Approx(0.5));    // its end
  CHECK(schedule(500) == Catch::Approx(0.05));  // a tenth at the last step

  const data::Preparation preparation = training::preparation(config);
  CHECK_FALSE(preparation.standardize);
  CHECK(preparation.pca == 3);
  CHECK(preparation.validation_fraction == 0.4);
  CHECK(preparation.jitter == 0.2);
  CHECK(preparation.seed == 77);

  CHECK(training::is_persistent(config));
  config.objective.kind = config::ObjectiveKind::contrastive_divergence;
  CHECK_FALSE(training::is_persistent(config));
}

TEST_CASE("The objective decides inputs, outputs and log normaliser of the network", "[training]") {
  config::RunConfig config;
  config.objective.kind = config::ObjectiveKind::denoising_score_matching;
  CHECK(training::mlp_shape(config, 4).inputs == 4);
  config.objective.sigmas = {1.0, 0.1};
  CHECK(training::mlp_shape(config, 4).inputs == 5);
  config.network.kind = config::NetworkKind::score_mlp;
  CHECK(training::mlp_shape(config, 4).outputs == 4);

  config = {};
  config.objective.kind = config::ObjectiveKind::noise_contrastive_estimation;
  CHECK(training::mlp_shape(config, 4).log_normalizer == network::LogNormalizer::learned);
  config.objective.contrast = config::NoiseContrast::ranking;
  CHECK(training::mlp_shape(config, 4).log_normalizer == network::LogNormalizer::none);
}

TEST_CASE("Negatives are chains, noise, or made beside their data", "[training]") {
  config::RunConfig config;
  CHECK(training::negative_rows(config, 100) == 100);
  CHECK(training::has_negative_blocks(config));
  config.objective.kind = config::ObjectiveKind::noise_contrastive_estimation;
  config.objective.noise_ratio = 1.7;
  CHECK(training::negative_rows(config, 100) == 170);
  CHECK(training::has_negative_blocks(config));
  config.objective.contrast = config::NoiseContrast::ranking;
  config.objective.noise_ratio = 3.0;
  CHECK(training::negative_rows(config, 100) == 300);
  CHECK_FALSE(training::has_negative_blocks(config));
  config.objective.contrast = config::NoiseContrast::conditional;
  CHECK(training::negative_rows(config, 100) == 0);
  config.objective.kind = config::ObjectiveKind::score_matching;
  CHECK(training::negative_rows(config, 100) == 0);
  CHECK_FALSE(training::has_negative_blocks(config));
}
