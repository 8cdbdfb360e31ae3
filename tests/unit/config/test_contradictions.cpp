// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdint>
#include <string>

#include "comm/shards.hpp"
#include "parse_helpers.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
using namespace ebmpi::config;
using test::error_of;
using test::error_with;

TEST_CASE("there is exactly one source of data", "[config]") {
  CHECK_THAT(error_of("[run]\nsteps = 1\n"),
             StartsWith("run.toml: neither data.file nor data.density is given"));
  const std::string both =
      error_of("[data]\nfile = \"/x.h5\"\ndataset = \"x\"\ndensity = \"rings\"\ncount = 5\n");
  CHECK_THAT(
      both,
      Equals("run.toml:2: data.file = \"/x.h5\" (run.toml:2) and data.density = \"rings\" (run.toml:4) are "
             "both given (a run has one source of data); remove one of them"));
  CHECK_THAT(error_of("[data]\nfile = \"/x.h5\"\n", {"data.density=rings"}),
             ContainsSubstring("(--set data.density=rings)"));
}

TEST_CASE("half a window holds a batch at least", "[config]") {
  CHECK(error_with("window = 512\n") == "");
  CHECK(error_with("window = 0\n") == "");
  CHECK_THAT(
      error_with("window = 511\n"),
      Equals("run.toml:3: data.window = 511 (run.toml:3) is less than twice optimizer.batch_size = 256 "
             "(the default) (half of it is drawn from while the other half is read, and holds a batch "
             "at least); use a larger window, or 0 to keep all rows in memory"));
}

TEST_CASE("keys of the other source of data are refused", "[config]") {
  CHECK_THAT(error_with("dataset = \"x\"\n"),
             Equals("run.toml:3: data.dataset applies only with data.file (here data.density = \"gaussian\" "
                    "(run.toml:2)); remove it"));
  for (const char* line : {"count = 5\n", "noise = 0.2\n", "dimension = 2\n"}) {
    CHECK_THAT(error_of("[data]\nfile = \"/x.h5\"\n" + std::string(line)),
               ContainsSubstring("applies only with data.density"));
    CHECK(error_with(line) == "");
  }
}

TEST_CASE("densities have their dimension", "[config]") {
  CHECK(error_with("dimension = 7\npca = 7\n") == "");
  CHECK(error_of("[data]\ndensity = \"rings\"\ndimension = 2\n") == "");
  CHECK(error_of("[data]\ndensity = \"gaussian_mixture\"\ndimension = 3\n") == "");
  CHECK(error_of("[data]\ndensity = \"double_well\"\ndimension = 1\n") == "");
  CHECK_THAT(
      error_of("[data]\ndensity = \"rings\"\ndimension = 3\n"),
      StartsWith(
          "run.toml:3: data.dimension = 3 (run.toml:3) does not fit data.density = \"rings\" (run.toml:2)"));
  CHECK_THAT(error_with("dimension = 7\npca = 8\n"),
             StartsWith("run.toml:4: data.pca = 8 (run.toml:4) exceeds data.dimension = 7 (run.toml:3)"));
  CHECK_THAT(error_with("pca = 3\n"), ContainsSubstring("data.dimension = 2 (the default)"));
  CHECK(error_of("[data]\nfile = \"/x.h5\"\npca = 8\n") == "");
}

TEST_CASE("temperature and noise scale exclude each other", "[config]") {
  CHECK_THAT(
      error_with("[sampler]\ntemperature = 1.0\nnoise_scale = 0.1\n"),
      Equals(
          "run.toml:4: sampler.temperature applies only without a noise_scale τ, which fixes it to "
          "τ²/(2 step_size) (here sampler.noise_scale = 0.1 (run.toml:5)); give temperature or noise_scale, "
          "not both"));
  CHECK(error_with("[sampler]\nnoise_scale = 0.1\n") == "");
  CHECK(error_with("[sampler]\ntemperature = 0.5\nnoise_scale = 0.0\n") == "");
}

TEST_CASE("keys of another objective, optimizer or schedule are refused", "[config]") {
  const auto accepted_only = [](const std::string& section, const std::string& right,
                                const std::string& wrong, const std::string& line) {
    INFO(section << ": " << line);
    CHECK(error_with("[" + section + "]\n" + line, {right}) == "");
    const std::string error = error_with("[" + section + "]\n" + line, {wrong});
    CHECK_THAT(error, StartsWith("run.toml:4: " + section + "."));
    CHECK_THAT(error, ContainsSubstring("applies only with") && ContainsSubstring("--set " + wrong));
  };
  const std::string persistent = "objective.kind=persistent_contrastive_divergence";
  const std::string anew = "objective.kind=contrastive_divergence";
  accepted_only("sampler", anew, persistent, "start = \"noise\"\n");
  accepted_only("sampler", persistent, anew, "reinitialize = 0.05\n");
  accepted_only("sampler", persistent, anew, "population = 8192\n");
  for (const char* line : {"beta1 = 0.5\n", "beta2 = 0.5\n", "epsilon = 1e-6\n"}) {
    accepted_only("optimizer", "optimizer.kind=adam", "optimizer.kind=sgd", line);
  }
  accepted_only("optimizer", "optimizer.kind=sgd", "optimizer.kind=adam", "momentum = 0.9\n");
  for (const char* line : {"decay_every = 10\n", "decay_factor = 0.1\n"}) {
    accepted_only("optimizer", "optimizer.schedule=step", "optimizer.schedule=cosine", line);
    accepted_only("optimizer", "optimizer.schedule=step", "optimizer.schedule=constant", line);
  }
  accepted_only("optimizer", "optimizer.schedule=cosine", "optimizer.schedule=step",
                "final_fraction = 0.1\n");
  CHECK_THAT(error_with("[sampler]\nstart = \"data\"\n"),
             ContainsSubstring("always from noise; use reinitialize"));
}

TEST_CASE("shards, population, batch and warm-up fit each other", "[config]") {
  CHECK(error_with("[parallel]\nshards = 256\n") == "");
  CHECK_THAT(
      error_with("[parallel]\nshards = 257\n"),
      StartsWith(
          "run.toml:4: parallel.shards = 257 (run.toml:4) exceeds optimizer.batch_size = 256 (the default)"));
  CHECK(error_with("[sampler]\npopulation = 256\n") == "");
  CHECK_THAT(
      error_with("[sampler]\npopulation = 255\n"),
      StartsWith(
          "run.toml:4: sampler.population = 255 (run.toml:4) is less than optimizer.batch_size = 256"));
  CHECK_THAT(
      error_with("[optimizer]\nbatch_size = 8193\n"),
      StartsWith(
          "run.toml:4: sampler.population = 8192 (the default) is less than optimizer.batch_size = 8193"));
  CHECK(error_with("[optimizer]\nbatch_size = 8193\n[objective]\nkind = \"contrastive_divergence\"\n") == "");
  CHECK_THAT(error_with("[sampler]\npopulation = 300\n[parallel]\nshards = 400\n"),
             ContainsSubstring("is less than parallel.shards = 400"));
  CHECK(error_with("[optimizer]\nwarmup_steps = 10\n[run]\nsteps = 10\n") == "");
  CHECK_THAT(
      error_with("[optimizer]\nwarmup_steps = 11\n[run]\nsteps = 10\n"),
      StartsWith("run.toml:4: optimizer.warmup_steps = 11 (run.toml:4) exceeds run.steps = 10 (run.toml:6)"));
}

TEST_CASE("a population as large as the batch gives every shard its share of a batch", "[config]") {
  for (std::int64_t shards = 1; shards <= 13; ++shards) {
    const ebmpi::comm::ShardMap map(shards, 1, 0);
    for (std::int64_t batch = shards; batch <= 40; ++batch) {
      for (std::int64_t population = batch; population <= 60; ++population) {
        for (std::int64_t shard = 0; shard < shards; ++shard) {
          REQUIRE(map.slice(population, shard).size() >= map.slice(batch, shard).size());
        }
      }
    }
  }
}

TEST_CASE("a value that cannot be read causes no second complaint", "[config]") {
  CHECK_THAT(error_with("[optimizer]\nkind = \"sdg\"\nmomentum = 0.9\n"),
             StartsWith("run.toml:4: optimizer.kind = \"sdg\" is not known (did you mean \"sgd\"?)"));
  CHECK_THAT(error_of("[data]\ndensity = \"ring\"\ncount = 10\n"), StartsWith("run.toml:2: "));
  CHECK_THAT(error_with("[sampler]\npopulation = 10\n[optimizer]\nbatch_size = -1\n"),
             Equals("run.toml:6: optimizer.batch_size = -1 is out of range (it must be >= 1)"));
}
