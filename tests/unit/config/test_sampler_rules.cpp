// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "config/write.hpp"
#include "unit/config/parse_helpers.hpp"

using namespace ebmpi::config;
using namespace ebmpi::config::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace {

const std::string persistent = "objective.kind=persistent_contrastive_divergence";
const std::string anew = "objective.kind=contrastive_divergence";
const std::string without_chains = "objective.kind=score_matching";

std::string with_kind(const std::string& kind, const std::string& lines,
                      const std::vector<std::string>& overrides = {persistent}) {
  return error_with("[sampler]\nkind = \"" + kind + "\"\n" + lines, overrides);
}

}  // namespace

TEST_CASE("each kind of sampler has its own keys", "[config][sampler]") {
  struct Rule {
    const char* line;
    std::vector<std::string> kinds;
  };
  const std::vector<std::string> untested{"langevin", "annealed_langevin"};
  const std::vector<std::string> tested{"mala", "metropolis", "hmc", "parallel_tempering"};
  const std::vector<Rule> rules{{"noise_scale = 0.1\n", untested},
                                {"gradient_clip = 1.0\n", untested},
                                {"anneal = 5.0\n", {"annealed_langevin"}},
                                {"leapfrogs = 3\n", {"hmc", "parallel_tempering"}},
                                {"adapt_steps = 100\n", tested},
                                {"adapt_steps = 100\ntarget_acceptance = 0.7\n", tested},
                                {"levels = 3\n", {"parallel_tempering"}},
                                {"hottest = 4.0\n", {"parallel_tempering"}},
                                {"exchange_every = 2\n", {"parallel_tempering"}},
                                {"moves = \"mala\"\n", {"parallel_tempering"}}};
  for (const Rule& rule : rules) {
    for (const std::string_view name : enum_names<SamplerKind>()) {
      const std::string kind(name);
      INFO(kind << ": " << rule.line);
      const std::string error = with_kind(kind, rule.line);
      if (std::ranges::find(rule.kinds, kind) != rule.kinds.end()) {
        CHECK(error == "");
      } else {
        CHECK_THAT(error, ContainsSubstring("run.toml:5: sampler.") &&
                              ContainsSubstring("applies only with ") &&
                              ContainsSubstring("(here sampler.kind = \"" + kind + "\" (run.toml:4))"));
      }
    }
  }
  CHECK(with_kind("mala", "box = 0.5\ntemperature = 2.0\n") == "");
  CHECK_THAT(with_kind("parallel_tempering", "moves = \"mala\"\nleapfrogs = 3\n"),
             StartsWith("run.toml:6: sampler.leapfrogs applies only with sampler.kind = \"hmc\""));
  CHECK_THAT(with_kind("hmc", "target_acceptance = 0.7\n"),
             Equals("run.toml:5: sampler.target_acceptance applies only where the step size is tuned (here "
                    "sampler.adapt_steps = 0 (the default)); remove it, or give adapt_steps"));
}

TEST_CASE("samplers that an objective or a network cannot have are refused", "[config][sampler]") {
  CHECK_THAT(with_kind("parallel_tempering", "", {anew}),
             StartsWith("run.toml:4: sampler.kind = \"parallel_tempering\" (run.toml:4) does not go with "
                        "objective.kind = \"contrastive_divergence\" (--set") &&
                 ContainsSubstring("persistent_contrastive_divergence"));
  CHECK_THAT(with_kind("parallel_tempering", "", {without_chains}), ContainsSubstring("does not go with"));
  CHECK_THAT(with_kind("annealed_langevin", "", {without_chains}), ContainsSubstring("does not go with"));
  CHECK_THAT(with_kind("hmc", "", {without_chains, "network.kind=score_mlp"}),
             ContainsSubstring("a score network has none"));
  for (const char* kind : {"langevin", "mala", "metropolis", "hmc"}) {
    CHECK(with_kind(kind, "", {without_chains}) == "");
    CHECK(with_kind(kind, "start = \"data\"\n", {anew}) == "");
  }
  CHECK_THAT(with_kind("mala", "box = 0.5\n", {without_chains}), ContainsSubstring("applies only with"));
}

TEST_CASE("numbers of a sampler stay in their ranges", "[config][sampler]") {
  for (const char* line : {"levels = 1", "levels = 33", "hottest = 1.0", "exchange_every = 0",
                           "leapfrogs = 0", "adapt_steps = -1", "moves = \"langevin\""}) {
    INFO(line);
    CHECK_THAT(with_kind("parallel_tempering", std::string(line) + "\n"), ContainsSubstring(line));
  }
  CHECK_THAT(with_kind("annealed_langevin", "anneal = 0.5\n"), ContainsSubstring("anneal"));
  CHECK(with_kind("mala", "box = -0.5\n") == "");
}

TEST_CASE("what follows from the kind of sampler", "[config][sampler]") {
  const auto config = [](const std::string& kind, const std::string& lines = "") {
    return parse("[data]\ndensity = \"gaussian\"\n[sampler]\nkind = \"" + kind + "\"\n" + lines);
  };
  CHECK(is_untested(config("annealed_langevin")));
  CHECK_FALSE(is_untested(config("mala")));
  CHECK(has_trajectories(config("hmc")));
  CHECK(has_trajectories(config("parallel_tempering")));
  CHECK_FALSE(has_trajectories(config("parallel_tempering", "moves = \"metropolis\"\n")));
  CHECK(replicas(config("hmc")) == 1);
  CHECK(replicas(config("parallel_tempering", "levels = 6\n")) == 6);
  for (const std::string_view kind : enum_names<SamplerKind>()) {
    const RunConfig written = config(std::string(kind));
    CHECK(parse_config(to_toml(written), "again.toml") == written);
  }
}
