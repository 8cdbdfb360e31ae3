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
