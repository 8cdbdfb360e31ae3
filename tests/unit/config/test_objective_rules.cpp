// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "parse_helpers.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
using namespace ebmpi::config;
using test::error_with;

namespace {

const std::vector<std::string> kinds = {"contrastive_divergence",   "persistent_contrastive_divergence",
                                        "score_matching",           "sliced_score_matching",
                                        "denoising_score_matching", "noise_contrastive_estimation",
                                        "energy_discrepancy"};
const std::vector<std::string> score_matching = {"score_matching", "sliced_score_matching",
                                                 "denoising_score_matching"};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// The override that chooses an objective.
std::string objective(const std::string& kind) {
  return "objective.kind=" + kind;
}

}  // namespace

TEST_CASE("keys of another objective are refused", "[config]") {
  const auto accepted_with = [](const std::vector<std::string>& accepting, const std::string& section,
                                const std::string& line) {
    for (const std::string& kind : kinds) {
      INFO(kind << ": " << line);
      const std::string error = error_with("[" + section + "]\n" + line + "\n", {objective(kind)});
      if (contains(accepting, kind)) {
        CHECK(error == "");
      } else {
        CHECK_THAT(error, StartsWith("run.toml:4: " + section + ".") &&
                              ContainsSubstring("applies only with objective.kind = \"") &&
                              ContainsSubstring("(here objective.kind = \"" + kind + "\" (--set"));
      }
    }
  };
  for (const char* line : {"projections = 2", "directions = \"gaussian\"", "variance_reduction = false"}) {
    accepted_with({"sliced_score_matching"}, "objective", line);
  }
  for (const char* line : {"sigma = 0.2", "sigmas = [1.0, 0.1]", "sigmas = []", "antithetic = true"}) {
    accepted_with({"denoising_score_matching"}, "objective", line);
  }
  for (const char* line : {"contrast = \"ranking\"", "noise = \"uniform\"", "noise_ratio = 2",
                           "noise_covariance = \"diagonal\""}) {
    accepted_with({"noise_contrastive_estimation"}, "objective", line);
  }
  for (const char* line : {"diffusion_time = 0.5", "perturbations = 3", "stabilization = 0.5"}) {
    accepted_with({"energy_discrepancy"}, "objective", line);
  }
  for (const char* line : {"steps = 5", "temperature = 0.5", "noise_scale = 0.1"}) {
    accepted_with({"contrastive_divergence", "persistent_contrastive_divergence"}, "sampler", line);
  }
  for (const char* line : {"step_size = 0.5", "gradient_clip = 5.0", "kind = \"langevin\""}) {
    accepted_with(kinds, "sampler", line);
  }
  for (const char* line : {"energy_regularization = 0.5", "gradient_penalty = 0.5"}) {
    accepted_with(kinds, "objective", line);
  }
}

TEST_CASE("of several conditions the first broken one is told", "[config]") {
  CHECK_THAT(error_with("[objective]\nnoise_components = 4\n"),
             StartsWith("run.toml:4: objective.noise_components applies only with objective.kind = "));
  const auto contrast = [](const std::string& lines) {
    return error_with("[objective]\nkind = \"noise_contrastive_estimation\"\n" + lines);
  };
  CHECK_THAT(contrast("noise_components = 4\n"),
             Equals("run.toml:5: objective.noise_components applies only with objective.noise = \"mixture\" "
                    "(here objective.noise = \"gaussian\" (the default)); remove it"));
  CHECK_THAT(
      contrast("noise_components = 4\ncontrast = \"conditional\"\n"),
      StartsWith("run.toml:5: objective.noise_components applies only with objective.contrast = "
                 "\"binary\" or \"ranking\" (here objective.contrast = \"conditional\" (run.toml:6))"));
  CHECK(contrast("noise = \"mixture\"\nnoise_components = 4\nnoise_covariance = \"full\"\n") == "");
  CHECK_THAT(contrast("noise = \"uniform\"\nnoise_covariance = \"full\"\n"),
             ContainsSubstring("applies only with objective.noise = \"gaussian\" or \"mixture\""));
  CHECK_THAT(contrast("noise = \"gaussian\"\ncontrast = \"conditional\"\n"),
             ContainsSubstring("use conditional_scale to say how far"));
  CHECK(contrast("contrast = \"conditional\"\nconditional_scale = 0.1\n") == "");
  CHECK_THAT(contrast("contrast = \"ranking\"\nconditional_scale = 0.1\n"),
             ContainsSubstring("applies only with objective.contrast = \"conditional\""));
  // A controller that cannot be read is not judged by its default.
  CHECK_THAT(contrast("noise = \"mixtur\"\nnoise_components = 4\n"),
             StartsWith("run.toml:5: objective.noise = \"mixtur\" is not known"));
}

TEST_CASE("one noise level and a ladder of them exclude each other", "[config]") {
  const auto denoising = [](const std::string& lines) {
    return error_with("[objective]\nkind = \"denoising_score_matching\"\n" + lines);
  };
  CHECK_THAT(denoising("sigma = 0.1\nsigmas = [1.0, 0.1]\n"),
             Equals("run.toml:5: objective.sigma applies only without sigmas, which stand in its place (here "
                    "objective.sigmas = [1.0, 0.1] (run.toml:6)); give sigma or sigmas, not both"));
  CHECK(denoising("sigma = 0.1\nsigmas = []\n") == "");
  CHECK_THAT(denoising("sigma_weighting = \"uniform\"\n"), ContainsSubstring("applies only with sigmas"));
  CHECK(denoising("sigmas = [1.0, 0.1]\nsigma_weighting = \"uniform\"\n") == "");
  CHECK_THAT(denoising("sigmas = [1.0]\n"),
             Equals("run.toml:5: objective.sigmas = [1.0] (run.toml:5) has one entry (a ladder has at least "
                    "two); add another, or give sigma instead"));
  for (const char* list : {"[1.0, 1.0]", "[0.1, 1.0]", "[3.0, 1.0, 2.0, 0.5]"}) {
    CHECK_THAT(
        denoising("sigmas = " + std::string(list) + "\n"),
        StartsWith("run.toml:5: objective.sigmas = " + std::string(list) + " (run.toml:5) does not fall"));
  }
}

TEST_CASE("losses with derivatives of the energy need a smooth activation", "[config]") {
  for (const std::string& kind : kinds) {
    for (const char* activation : {"silu", "tanh", "softplus", "gelu", "sin", "quadratic"}) {
      CHECK(error_with("", {objective(kind), "network.activation=" + std::string(activation)}) == "");
    }
    for (const char* activation : {"relu", "leaky_relu"}) {
      INFO(kind << " with " << activation);
      const std::string network = "[network]\nactivation = \"" + std::string(activation) + "\"\n";
      const std::string error = error_with(network, {objective(kind)});
      CHECK((error == "") == !contains(score_matching, kind));
      CHECK_THAT(error_with(network, {objective(kind), "objective.gradient_penalty=0.1"}),
                 StartsWith("run.toml:4: network.activation = \"" + std::string(activation)) &&
                     ContainsSubstring("silently wrong"));
    }
  }
  CHECK_THAT(
      error_with("[network]\nactivation = \"relu\"\n[objective]\nkind = \"score_matching\"\n"),
      Equals("run.toml:4: network.activation = \"relu\" (run.toml:4) does not go with objective.kind = "
             "\"score_matching\" (run.toml:6) (the second derivative of that activation is zero almost "
             "everywhere, so that the loss would be silently wrong); use a smooth one: silu, tanh, "
             "softplus, gelu, sin or quadratic"));
  CHECK_THAT(error_with("[network]\nactivation = \"relu\"\n", {"objective.gradient_penalty=0.1"}),
             ContainsSubstring("does not go with objective.gradient_penalty = 0.1 (--set"));
  const std::string score_network = "[network]\nkind = \"score_mlp\"\nactivation = \"relu\"\n";
  CHECK(error_with(score_network, {objective("denoising_score_matching")}) == "");
  CHECK_THAT(error_with(score_network, {objective("score_matching")}), ContainsSubstring("silently wrong"));
  CHECK_THAT(error_with(score_network, {objective("sliced_score_matching")}),
             ContainsSubstring("silently wrong"));
}

TEST_CASE("a score network has no energy to contrast or to regularise", "[config]") {
  const std::string network = "[network]\nkind = \"score_mlp\"\n";
  for (const std::string& kind : kinds) {
    INFO(kind);
    const std::string error = error_with(network, {objective(kind)});
    if (contains(score_matching, kind)) {
      CHECK(error == "");
    } else {
      CHECK_THAT(error, StartsWith("run.toml:4: network.kind = \"score_mlp\" (run.toml:4) does not go with "
                                   "objective.kind = \"" +
                                   kind + "\"") &&
                            ContainsSubstring("objective.kind = \"score_matching\", "
                                              "\"sliced_score_matching\" or \"denoising_score_matching\""));
    }
  }
  for (const std::string key : {"energy_regularization", "gradient_penalty"}) {
    CHECK_THAT(error_with(network + "[objective]\n" + key + " = 0.1\n", {objective("score_matching")}),
               Equals("run.toml:6: objective." + key +
                      " applies only with network.kind = \"mlp\" (here network.kind = \"score_mlp\" "
                      "(run.toml:4)); remove it: a score network has no energy"));
  }
}

TEST_CASE("each datum has a whole number of noise samples of its own", "[config]") {
  const auto contrast = [](const std::string& name, const std::string& ratio) {
    return error_with("[objective]\nkind = \"noise_contrastive_estimation\"\ncontrast = \"" + name +
                      "\"\nnoise_ratio = " + ratio + "\n");
  };
  for (const char* name : {"ranking", "conditional"}) {
    for (const char* ratio : {"1", "4.0", "63"}) CHECK(contrast(name, ratio) == "");
    for (const char* ratio : {"0.5", "1.5", "64", "4096"}) {
      CHECK_THAT(contrast(name, ratio), StartsWith("run.toml:6: objective.noise_ratio = ") &&
                                            ContainsSubstring("use a whole number from 1 to 63"));
    }
  }
  for (const char* ratio : {"0.5", "1.5", "64"}) CHECK(contrast("binary", ratio) == "");
}

TEST_CASE("every shard has a noise sample", "[config]") {
  const auto binary = [](const std::string& ratio, const std::string& batch_size, const std::string& shards) {
    return error_with("[objective]\nkind = \"noise_contrastive_estimation\"\nnoise_ratio = " + ratio + "\n",
                      {"optimizer.batch_size=" + batch_size, "parallel.shards=" + shards});
  };
  CHECK(binary("0.25", "16", "4") == "");
  CHECK_THAT(
      binary("0.25", "16", "5"),
      StartsWith("run.toml:5: objective.noise_ratio = 0.25 (run.toml:5) with optimizer.batch_size = 16 "
                 "(--set optimizer.batch_size=16) gives fewer noise samples than the 5 shards"));
  CHECK(binary("0.015625", "128", "0") == "");  // 2 noise samples, 2 shards
  CHECK_THAT(binary("0.015", "128", "0"), ContainsSubstring("fewer noise samples than the 2 shards"));
}

TEST_CASE("patience needs validations to count", "[config]") {
  CHECK(error_with("[run]\npatience = 3\n") == "");
  CHECK_THAT(
      error_with("[run]\npatience = 3\nvalidate_every = 0\n"),
      Equals("run.toml:4: run.patience = 3 (run.toml:4) does not go with run.validate_every = 0 (run.toml:5) "
             "(there would be no validation to count); give a larger run.validate_every, or patience = 0"));
  CHECK_THAT(error_with("validation_fraction = 0\n[run]\npatience = 3\n"),
             StartsWith("run.toml:5: run.patience = 3 (run.toml:5) does not go with data.validation_fraction "
                        "= 0.0 (run.toml:3)"));
  CHECK(error_with("validation_fraction = 0\n[run]\nvalidate_every = 0\n") == "");
  // Chains do not validate; score matching does, where it can.
  CHECK(error_with("[network]\nactivation = \"relu\"\n") == "");
  CHECK_THAT(
      error_with("[network]\nactivation = \"relu\"\n[run]\npatience = 3\n"),
      StartsWith("run.toml:6: run.patience = 3 (run.toml:6) does not go with network.activation = \"relu\" "
                 "(run.toml:4) (this objective is validated by score matching"));
}
