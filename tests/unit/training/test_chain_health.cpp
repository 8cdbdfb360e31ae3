// SPDX-License-Identifier: Apache-2.0
#include "training/chain_health.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>

using namespace ebmpi;
using Catch::Matchers::ContainsSubstring;
using training::ChainHealth;
using training::Metrics;

namespace {

Metrics healthy(std::int64_t step) {
  Metrics metrics;
  metrics.step = step;
  metrics.loss.terms = {{"energy_gap", -0.3}, {"spread_data", 0.4}, {"spread_chains", 0.7}};
  metrics.chains.emplace();
  metrics.chains->equipartition = 1.2;
  metrics.chains->outside = 0.02;
  return metrics;
}

/// The warnings of `lines` lines of metrics, 100 steps apart.
std::vector<std::string> warnings(ChainHealth& health, Metrics metrics, int lines,
                                  std::int64_t first_step = 100) {
  std::vector<std::string> all;
  for (int line = 0; line < lines; ++line) {
    metrics.step = first_step + 100 * line;
    for (const std::string& text : health.look(metrics)) all.push_back(text);
  }
  return all;
}

}  // namespace

TEST_CASE("Healthy chains give no warning", "[training]") {
  ChainHealth health;
  CHECK(warnings(health, healthy(0), 50).empty());
  CHECK(health.verdict().empty());
}

TEST_CASE("An objective without chains has nothing to warn of", "[training]") {
  ChainHealth health;
  Metrics metrics = healthy(0);
  metrics.chains.reset();
  CHECK(warnings(health, metrics, 50).empty());
  CHECK(health.verdict().empty());
}

TEST_CASE("Each sign of failing chains is named once, from the third line on", "[training]") {
  Metrics hot = healthy(0), cold = healthy(0), undefined = healthy(0), apart = healthy(0),
          outside = healthy(0);
  hot.chains->equipartition = 400.0;
  cold.chains->equipartition = 0.05;
  undefined.chains->equipartition = std::numeric_limits<double>::quiet_NaN();
  apart.loss.terms[0].second = -7.1;  // a gap of 7.1 with spreads of 1.1 together
  outside.chains->outside = 0.4;
  const std::pair<Metrics, const char*> cases[] = {{hot, "equipartition 400 "},
                                                   {cold, "equipartition 0.05 "},
                                                   {undefined, "equipartition nan "},
                                                   {apart, "(gap -7.1 with spreads of 1.1"},
                                                   {outside, "40 % of the chains are outside"}};
  for (const auto& [metrics, text] : cases) {
    ChainHealth health;
    CHECK(warnings(health, metrics, 2).empty());
    const std::vector<std::string> found = warnings(health, metrics, 20, 300);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], ContainsSubstring(text) && ContainsSubstring("step 300: ") &&
                             ContainsSubstring("; raise sampler.steps"));
    REQUIRE(health.verdict().size() == 1);
    CHECK_THAT(health.verdict()[0], ContainsSubstring("do not use them as likelihoods"));
  }
}

TEST_CASE("A sampler that is not at its best is named with a remedy, and only standstill is failure",
          "[training]") {
  const auto with = [](double acceptance, double exchange_rate, double r_hat, std::int64_t draws) {
    Metrics metrics = healthy(0);
    metrics.chains->acceptance = acceptance;
    metrics.chains->exchange_rate = exchange_rate;
    metrics.chains->r_hat = r_hat;
    metrics.chains->r_hat_draws = draws;
    return metrics;
  };
  struct Case {
    Metrics metrics;
    const char *text, *remedy;
    bool is_failure;
  };
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  const Case cases[] = {
      {with(0.01, 0.5, 1.0, 64), "1 % of the chains' proposals", "lower sampler.step_size", true},
      {with(undefined, 0.5, 1.0, 64), "nan % of the chains' proposals", "lower sampler.step_size", true},
      {with(0.995, 0.5, 1.0, 64), "99.5 % of the chains' proposals", "raise sampler.step_size", false},
      {with(0.6, 0.02, 1.0, 64), "2 % of the exchanges", "raise sampler.levels", false},
      {with(0.6, 0.5, 1.7, 64), "R-hat 1.7", "sampler.kind = \"parallel_tempering\"", false}};
  for (const Case& example : cases) {
    ChainHealth health;
    const std::vector<std::string> found = warnings(health, example.metrics, 20);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], ContainsSubstring(example.text) && ContainsSubstring(example.remedy));
    CHECK(health.verdict().empty() != example.is_failure);
  }
  for (const Metrics& metrics : {with(0.06, 0.06, 1.09, 64), with(0.97, 1.0, 1.0, 64),
                                 with(0.6, 0.5, 3.0, 63), with(0.6, 0.5, undefined, 0)}) {
    ChainHealth health;
    CHECK(warnings(health, metrics, 20).empty());
  }
}

TEST_CASE("The verdict is on the last lines only", "[training]") {
  ChainHealth health;
  Metrics failing = healthy(0);
  failing.chains->outside = 1.0;
  CHECK(warnings(health, failing, 5).size() == 1);
  CHECK(warnings(health, healthy(0), 8, 600).empty());
  CHECK(health.verdict().empty());
}

TEST_CASE("The first steps of a new network are not judged", "[training]") {
  ChainHealth health;
  Metrics flat = healthy(0);
  flat.chains->equipartition = 0.01;
  for (std::int64_t step = 1; step < 100; ++step) {
    flat.step = step;
    CHECK(health.look(flat).empty());
  }
  CHECK(health.verdict().empty());
}
