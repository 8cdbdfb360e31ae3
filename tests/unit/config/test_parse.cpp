// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <string>

#include "parse_helpers.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
using namespace ebmpi::config;
using test::error_of;
using test::error_with;
using test::parse;

namespace {

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("values of every type reach their fields", "[config]") {
  const RunConfig config = parse(R"([run]
steps = 10
precision = "double"
[data]
file = "/data/x.h5"
dataset = "train/x"
standardize = false
[network]
hidden = [64, 32, 16]
activation = "leaky_relu"
[objective]
kind = "contrastive_divergence"
[sampler]
start = "data"
temperature = 2
step_size = 1e-3
[optimizer]
schedule = "cosine"
final_fraction = 1)");
  RunConfig expected;
  expected.run.steps = 10;
  expected.run.output = "runs/run";
  expected.run.precision = Precision::double_precision;
  expected.data.file = "/data/x.h5";
  expected.data.dataset = "train/x";
  expected.data.standardize = false;
  expected.network.hidden = {64, 32, 16};
  expected.network.activation = Activation::leaky_relu;
  expected.objective.kind = ObjectiveKind::contrastive_divergence;
  expected.sampler.start = ChainStart::data;
  expected.sampler.temperature = 2.0;
  expected.sampler.step_size = 0.001;
  expected.optimizer.schedule = ScheduleKind::cosine;
  expected.optimizer.final_fraction = 1.0;
  CHECK(config == expected);
}

TEST_CASE("values of a denoising run reach their fields", "[config]") {
  const RunConfig config = parse(R"([run]
validate_every = 50
patience = 4
[data]
density = "rings"
[network]
kind = "score_mlp"
spectral_norm = true
[objective]
kind = "denoising_score_matching"
sigmas = [2, 0.5, 1e-2]
sigma_weighting = "uniform"
antithetic = true
[optimizer]
weight_decay = 0.01
l1 = 1e-4)");
  RunConfig expected;
  expected.run.output = "runs/run";
  expected.run.validate_every = 50;
  expected.run.patience = 4;
  expected.data.density = "rings";
  expected.network.kind = NetworkKind::score_mlp;
  expected.network.spectral_norm = true;
  expected.objective.kind = ObjectiveKind::denoising_score_matching;
  expected.objective.energy_regularization = 0.0;
  expected.objective.sigmas = {2.0, 0.5, 0.01};
  expected.objective.sigma_weighting = SigmaWeighting::uniform;
  expected.objective.antithetic = true;
  expected.optimizer.weight_decay = 0.01;
  expected.optimizer.l1 = 1e-4;
  CHECK(config == expected);
}

TEST_CASE("values of a noise-contrastive run reach their fields", "[config]") {
  const RunConfig config = parse(R"([data]
density = "rings"
[objective]
kind = "noise_contrastive_estimation"
contrast = "ranking"
noise = "mixture"
noise_ratio = 8
noise_components = 3
noise_covariance = "diagonal"
gradient_penalty = 0.5)");
  RunConfig expected;
  expected.run.output = "runs/run";
  expected.data.density = "rings";
  expected.objective.kind = ObjectiveKind::noise_contrastive_estimation;
  expected.objective.energy_regularization = 0.0;
  expected.objective.gradient_penalty = 0.5;
  expected.objective.contrast = NoiseContrast::ranking;
  expected.objective.noise = NoiseKind::mixture;
  expected.objective.noise_ratio = 8.0;
  expected.objective.noise_components = 3;
  expected.objective.noise_covariance = CovarianceKind::diagonal;
  CHECK(config == expected);
}

TEST_CASE("the energy is regularised by default with contrastive divergence alone", "[config]") {
  const auto regularization = [](const std::string& kind, const std::vector<std::string>& overrides) {
    return parse("[data]\ndensity = \"rings\"\n[objective]\nkind = \"" + kind + "\"\n", overrides)
        .objective.energy_regularization;
  };
  for (const char* kind : {"contrastive_divergence", "persistent_contrastive_divergence"}) {
    CHECK(regularization(kind, {}) == 0.1);
    CHECK(regularization(kind, {"objective.energy_regularization=0"}) == 0.0);
  }
  for (const char* kind : {"score_matching", "sliced_score_matching", "denoising_score_matching",
                           "noise_contrastive_estimation", "energy_discrepancy"}) {
    CHECK(regularization(kind, {}) == 0.0);
    CHECK(regularization(kind, {"objective.energy_regularization=0.1"}) == 0.1);
  }
  CHECK(regularization("contrastive_divergence", {"objective.kind=energy_discrepancy"}) == 0.0);
}

TEST_CASE("a relative data file lies in the folder of the config, the run folder in the current one",
          "[config]") {
  const std::string text = "[data]\nfile = \"../sets/x.h5\"\n";
  const RunConfig config = parse_config(text, "/home/a/jobs/moons.toml", {});
  CHECK(config.data.file == "/home/a/sets/x.h5");
  CHECK(config.run.output == "runs/moons");

  const RunConfig relative = parse_config(text, "jobs/moons.toml", {});
  CHECK(relative.data.file == (std::filesystem::current_path() / "sets/x.h5").string());
}

TEST_CASE("overrides are TOML, or strings where they are not", "[config]") {
  const RunConfig config =
      parse("[data]\nfile = \"a.h5\"\n[run]\nsteps = 5\n",
            {"run.steps=100", "network.hidden=[64, 32]", "data.file=\"/b.h5\"", "run.output=2024",
             "optimizer.kind=sgd", "run.steps = 200", "sampler.step_size=1"});
  CHECK(config.run.steps == 200);
  CHECK(config.network.hidden == std::vector<std::int64_t>{64, 32});
  CHECK(config.data.file == "/b.h5");
  CHECK(config.run.output == "2024");
  CHECK(config.optimizer.kind == OptimizerKind::sgd);
  CHECK(config.sampler.step_size == 1.0);
  CHECK(parse("", {"data.density=two_moons"}).data.density == "two_moons");
}

TEST_CASE("overrides that are wrong name --set", "[config]") {
  CHECK_THAT(error_with("", {"run.stepz=1"}),
             Equals("--set run.stepz=1: unknown key 'run.stepz' (did you mean 'steps'?)"));
  CHECK_THAT(error_with("", {"steps=1"}),
             ContainsSubstring("(did you mean 'run.steps' or 'sampler.steps'?)"));
  CHECK_THAT(error_with("", {"run.steps"}), StartsWith("--set run.steps: there is no '='"));
  CHECK_THAT(error_with("", {"run.steps=ten"}),
             Equals("--set run.steps=ten: run.steps: expected a whole number, got a string"));
  CHECK_THAT(error_with("", {"run.steps=0"}),
             Equals("--set run.steps=0: run.steps = 0 is out of range (it must be >= 1)"));
  // A line break in a value must not smuggle in another key.
  CHECK_THAT(error_with("", {"run.steps=1\nother = 2"}),
             ContainsSubstring("expected a whole number, got a string"));
}

TEST_CASE("unknown keys and sections are errors with the nearest known name", "[config]") {
  CHECK_THAT(error_with("[optimizer]\nlearning_rat = 0.1\n"),
             Equals("run.toml:4: unknown key 'optimizer.learning_rat' (did you mean 'learning_rate'?)"));
  CHECK_THAT(error_with("[sampler]\nlearning_rate = 0.1\n"),
             Equals("run.toml:4: unknown key 'sampler.learning_rate' (did you mean 'flow.learning_rate' or "
                    "'optimizer.learning_rate'?)"));
  CHECK_THAT(error_with("[optimiser]\nkind = \"sgd\"\n"),
             Equals("run.toml:3: unknown section 'optimiser' (did you mean 'optimizer'?)"));
  CHECK_THAT(error_with("[zzzzzzzzzzzzz]\n"), Equals("run.toml:3: unknown section 'zzzzzzzzzzzzz' (the "
                                                     "sections are run, data, network, objective, flow, "
                                                     "sampler, optimizer, parallel)"));
  CHECK_THAT(
      error_of("shards = 4\n[data]\ndensity = \"rings\"\n"),
      Equals("run.toml:1: unknown key 'shards' outside every section (did you mean 'parallel.shards'?)"));
  CHECK_THAT(error_of("run = 4\n[data]\ndensity = \"rings\"\n"),
             StartsWith("run.toml:1: 'run' is a whole number"));
  CHECK_THAT(error_with("[[run]]\nsteps = 1\n"), StartsWith("run.toml:3: 'run' is a list, not a section"));
}

TEST_CASE("wrong types are named as a user would name them", "[config]") {
  CHECK_THAT(error_with("[run]\nsteps = \"many\"\n"),
             Equals("run.toml:4: run.steps: expected a whole number, got a string"));
  CHECK_THAT(error_with("[run]\nsteps = 1.5\n"),
             ContainsSubstring("expected a whole number, got a floating-point number"));
  CHECK_THAT(error_with("[sampler]\nstep_size = true\n"),
             ContainsSubstring("expected a number, got true or false"));
  CHECK_THAT(error_with("standardize = 1\n"),
             ContainsSubstring("expected true or false, got a whole number"));
  CHECK_THAT(error_with("[network]\nhidden = 64\n"),
             ContainsSubstring("expected a list of whole numbers, got a whole"));
  CHECK_THAT(error_with("[network]\nhidden = [64, 2.5]\n"),
             ContainsSubstring("network.hidden[1]: expected a whole number, got a floating-point number"));
  CHECK_THAT(error_with("[run]\noutput = 2024-01-01\n"),
             ContainsSubstring("expected a string, got a date or time"));
}

TEST_CASE("ranges are checked at both ends", "[config]") {
  CHECK(error_with("[optimizer]\nema = 0\nwarmup_steps = 0\ngradient_clip = 0.0\n") == "");
  CHECK(error_with("[sampler]\nreinitialize = 1\n") == "");
  CHECK(error_with("[network]\nhidden = [1, 65536]\n") == "");
  CHECK_THAT(error_with("[optimizer]\nema = 1\n"),
             Equals("run.toml:4: optimizer.ema = 1.0 is out of range (it must be >= 0 and < 1)"));
  CHECK_THAT(error_with("[sampler]\nstep_size = 0\n"),
             ContainsSubstring("= 0.0 is out of range (it must be > 0)"));
  CHECK_THAT(error_with("[sampler]\nreinitialize = 1.5\n"), ContainsSubstring("(it must be >= 0 and <= 1)"));
  CHECK_THAT(error_with("[run]\nseed = -1\n"),
             ContainsSubstring("run.seed = -1 is out of range (it must be >= 0)"));
  CHECK_THAT(error_with("[network]\nhidden = [8, 65537]\n"),
             ContainsSubstring("network.hidden[1] = 65537 is out of range (it must be 1 to 65536)"));
  CHECK_THAT(error_with("[network]\nhidden = []\n"),
             ContainsSubstring("has 0 entries (it must have 1 to 64)"));
  CHECK_THAT(error_of("[data]\nfile = \"x.h5\"\ndataset = \"\"\n"),
             Equals("run.toml:3: data.dataset is empty"));
  CHECK_THAT(error_of("[data]\nfile = \"x\\u0000.h5\"\n"), ContainsSubstring("data.file contains a NUL"));
  for (const char* value : {"nan", "inf", "-inf", "+nan"}) {
    CHECK_THAT(error_with("[optimizer]\nlearning_rate = " + std::string(value) + "\n"),
               ContainsSubstring("is not a finite number"));
  }
}

TEST_CASE("lists of numbers take whole numbers too, and may be empty", "[config]") {
  const std::string denoising = "[objective]\nkind = \"denoising_score_matching\"\n";
  CHECK(parse("[data]\ndensity = \"rings\"\n" + denoising + "sigmas = []\n").objective.sigmas.empty());
  CHECK(parse("[data]\ndensity = \"rings\"\n" + denoising, {"objective.sigmas=[3, 0.5]"}).objective.sigmas ==
        std::vector<double>{3.0, 0.5});
  CHECK_THAT(error_with(denoising + "sigmas = 0.5\n"),
             Equals("run.toml:5: objective.sigmas: expected a list of numbers, got a floating-point number"));
  CHECK_THAT(error_with(denoising + "sigmas = [1, \"a\"]\n"),
             Equals("run.toml:5: objective.sigmas[1]: expected a number, got a string"));
  CHECK_THAT(error_with(denoising + "sigmas = [1.0, 0]\n"),
             Equals("run.toml:5: objective.sigmas[1] = 0.0 is out of range (it must be > 0)"));
  CHECK_THAT(error_with(denoising + "sigmas = [inf, 1.0]\n"),
             Equals("run.toml:5: objective.sigmas[0] = inf is not a finite number"));
  std::string ladder = "1";
  for (int level = 2; level <= 64; ++level) ladder.insert(0, std::to_string(level) + ", ");
  CHECK(error_with(denoising + "sigmas = [" + ladder + "]\n") == "");
  CHECK_THAT(error_with(denoising + "sigmas = [65, " + ladder + "]\n"),
             Equals("run.toml:5: objective.sigmas has 65 entries (it must have 0 to 64)"));
}

TEST_CASE("ranges of the objectives are checked at both ends", "[config]") {
  using Values = std::vector<const char*>;
  const auto check = [](const std::string& kind, const std::string& key, const Values& inside,
                        const Values& outside) {
    const auto error = [&](const std::string& value) {
      INFO(key << " = " << value);
      return error_with("[objective]\nkind = " + kind + "\n" + key + " = " + value + "\n");
    };
    for (const char* value : inside) CHECK(error(value) == "");
    for (const char* value : outside) {
      CHECK_THAT(error(value), ContainsSubstring(key) && ContainsSubstring(" is out of range"));
    }
  };
  check("\"score_matching\"", "energy_regularization", {"0", "0.1"}, {"-0.1"});
  check("\"score_matching\"", "gradient_penalty", {"0", "0.1"}, {"-0.1"});
  check("\"sliced_score_matching\"", "projections", {"1", "4096"}, {"0", "4097"});
  check("\"denoising_score_matching\"", "sigma", {"1e-9"}, {"0", "-1"});
  check("\"noise_contrastive_estimation\"", "noise_ratio", {"0.5"}, {"0"});
  check("\"noise_contrastive_estimation\"\nnoise = \"mixture\"", "noise_components", {"1", "1024"},
        {"0", "1025"});
  check("\"noise_contrastive_estimation\"\ncontrast = \"conditional\"", "conditional_scale", {"1e-9"}, {"0"});
  check("\"energy_discrepancy\"", "diffusion_time", {"1e-9"}, {"0"});
  check("\"energy_discrepancy\"", "perturbations", {"1", "63"}, {"0", "64"});
  check("\"energy_discrepancy\"", "stabilization", {"1e-9"}, {"0"});
  CHECK_THAT(error_with("[run]\npatience = -1\n"), ContainsSubstring("is out of range"));
  CHECK_THAT(error_with("[run]\nvalidate_every = -1\n"), ContainsSubstring("is out of range"));
  CHECK_THAT(error_with("[optimizer]\nweight_decay = -1\n"), ContainsSubstring("is out of range"));
  CHECK_THAT(error_with("[optimizer]\nl1 = -1\n"), ContainsSubstring("is out of range"));
  CHECK(error_with("[run]\nvalidate_every = 0\n[optimizer]\nweight_decay = 0\nl1 = 0\n") == "");
}

TEST_CASE("unknown names come with the nearest one and the list", "[config]") {
  CHECK_THAT(
      error_with("[network]\nactivation = \"sliu\"\n"),
      Equals("run.toml:4: network.activation = \"sliu\" is not known (did you mean \"silu\"?); choose one of "
             "\"silu\", \"tanh\", \"softplus\", \"gelu\", \"sin\", \"quadratic\", \"relu\", \"leaky_relu\""));
  const std::string density = error_of("[data]\ndensity = \"too_moons\"\n");
  CHECK_THAT(
      density,
      StartsWith("run.toml:2: data.density = \"too_moons\" is not known (did you mean \"two_moons\"?)"));
  for (const char* name : {"two_moons", "eight_gaussians", "twenty_five_gaussians", "rings", "spirals",
                           "checkerboard", "pinwheel", "swiss_roll", "gaussian", "gaussian_mixture",
                           "double_well", "left_moon", "right_moon", "funnel"}) {
    CHECK_THAT(density, ContainsSubstring("\"" + std::string(name) + "\""));
    CHECK(error_of("[data]\ndensity = \"" + std::string(name) + "\"\n") == "");
  }
}

TEST_CASE("TOML syntax errors have line and column", "[config]") {
  CHECK_THAT(error_of("[data]\ndensity = \n"), StartsWith("run.toml:2:11: TOML syntax: "));
  CHECK_THAT(error_of("[run]\nsteps = 1\nsteps = 2\n"), StartsWith("run.toml:3:"));
  CHECK_THAT(error_of("[run]\n[run]\n"), StartsWith("run.toml:2:"));
  CHECK_THAT(error_of("[run]\nsteps = 99999999999999999999\n"), StartsWith("run.toml:2:"));
  CHECK_THAT(error_of("[run\n", {"run.stepz=1"}), ContainsSubstring("--set run.stepz=1"));
}

TEST_CASE("all errors are reported at once, in the order of their lines", "[config]") {
  const std::string text = error_of(R"([sampler]
step_size = -1
[run]
sed = 1
steps = "x"
[data]
density = "two_moons"
pca = 3
)",
                                    {"run.log_every=0"});
  CHECK_THAT(text, StartsWith("the config has 5 errors; correct them:\n  run.toml:2: "));
  const std::size_t positions[] = {text.find("run.toml:2: sampler.step_size"),
                                   text.find("run.toml:4: unknown key"), text.find("run.toml:5: run.steps"),
                                   text.find("run.toml:8: data.pca"), text.find("--set run.log_every=0: ")};
  for (std::size_t i = 1; i < std::size(positions); ++i) CHECK(positions[i - 1] < positions[i]);
  CHECK(positions[4] != std::string::npos);
}

TEST_CASE("of many errors thirty are shown", "[config]") {
  std::string text = "[data]\ndensity = \"rings\"\n[run]\n";
  for (int i = 0; i < 45; ++i) text += "qqqqqqqqqqqqqqqq" + std::to_string(i) + " = 1\n";
  const std::string error = error_of(text);
  CHECK_THAT(error, StartsWith("the config has 45 errors"));
  CHECK(occurrences(error, "unknown key") == 30);
  CHECK_THAT(error, ContainsSubstring("and 15 more"));
}
