// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "statistics/chain_diagnostics.hpp"
#include "statistics/effective_sample_size.hpp"
#include "support/json_cursor.hpp"

using namespace ebmpi;
using statistics::ChainDiagnostics;
using statistics::diagnose_chains;

namespace {

struct GoldenChains {
  std::string name;
  std::map<std::string, std::vector<double>> arrays;
};

GoldenChains read_chains(test::JsonCursor& json) {
  GoldenChains result;
  json.object([&](const std::string& key) {
    if (key == "name") {
      result.name = json.string();
    } else {
      json.array([&] { result.arrays[key].push_back(json.number()); });
    }
  });
  return result;
}

/// Both NaN, both the same infinity, or within `tolerance` of each other, relatively.
bool agree(double value, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(value);
  return value == expected || std::abs(value - expected) <= tolerance * std::abs(expected);
}

/// x_t = ρ x_{t-1} + √(1 - ρ²) ε_t, (chains, draws), started from its stationary distribution N(0, 1).
std::vector<double> autoregressive(std::int64_t chains, std::int64_t draws, double coefficient,
                                   std::uint32_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> result;
  for (std::int64_t chain = 0; chain < chains; ++chain) {
    double x = normal(engine);
    for (std::int64_t t = 0; t < draws; ++t) {
      result.push_back(x);
      x = coefficient * x + std::sqrt(1.0 - coefficient * coefficient) * normal(engine);
    }
  }
  return result;
}

/// Mean of `figure` over independent repetitions and its standard error.
template <class Figure>
std::pair<double, double> repeated(int repetitions, const Figure& figure) {
  std::vector<double> values;
  for (int seed = 0; seed < repetitions; ++seed) values.push_back(figure(static_cast<std::uint32_t>(seed)));
  const auto [mean, variance] = statistics::moments(values);
  return {mean, std::sqrt(variance / repetitions)};
}

}  // namespace

TEST_CASE("Diagnostics of chains agree with ArviZ", "[statistics][golden]") {
  const std::vector<GoldenChains> cases = test::read_golden_file("chain_diagnostics.json", read_chains);
  REQUIRE(cases.size() >= 20);
  for (const GoldenChains& golden : cases) {
    const auto chains = static_cast<std::int64_t>(golden.arrays.at("chains").front());
    const ChainDiagnostics ours = diagnose_chains(golden.arrays.at("draws"), chains);
    const std::map<std::string, double> figures{
        {"mean", ours.mean},          {"standard_deviation", ours.standard_deviation},
        {"r_hat", ours.r_hat},        {"ess_bulk", ours.ess_bulk},
        {"ess_tail", ours.ess_tail},  {"ess_mean", ours.ess_mean},
        {"mcse_mean", ours.mcse_mean}};
    for (const auto& [key, value] : figures) {
      const double expected = golden.arrays.at(key).front();
      INFO(golden.name << ", " << key << ": " << value << ", ArviZ " << expected);
      CHECK(agree(value, expected, 1e-10));
    }
    const auto draws = static_cast<double>(golden.arrays.at("draws").size());
    CHECK(agree(ours.autocorrelation_time, draws / ours.ess_mean, 1e-15));
  }
}

TEST_CASE("The autocorrelation time of an autoregression is (1 + ρ)/(1 - ρ)") {
  // Over 40 repetitions; besides 4 standard errors of their mean, the truncation of the sum and the
  // difference between the halves leave a bias of the order of τ/draws and less, allowed for with 1 %.
  constexpr std::int64_t chains = 4, draws = 10000;
  for (const double coefficient : {0.9, 0.5, 0.0, -0.5}) {
    const double expected = (1.0 + coefficient) / (1.0 - coefficient);
    const auto [time, error] = repeated(40, [&](std::uint32_t seed) {
      return diagnose_chains(autoregressive(chains, draws, coefficient, seed), chains).autocorrelation_time;
    });
    INFO("ρ = " << coefficient << ": " << time << " ± " << error << ", expected " << expected);
    CHECK(error < 0.02 * expected);
    CHECK(std::abs(time - expected) < 4.0 * error + 0.01 * expected);
  }
}

TEST_CASE("The Monte Carlo standard error is the spread of the mean over repetitions") {
  constexpr std::int64_t chains = 4, draws = 2000;
  constexpr int repetitions = 200;
  std::vector<double> means;
  const auto [claimed, error] = repeated(repetitions, [&](std::uint32_t seed) {
    const ChainDiagnostics figures = diagnose_chains(autoregressive(chains, draws, 0.8, seed), chains);
    means.push_back(figures.mean);
    return figures.mcse_mean;
  });
  // A standard deviation of n normal numbers has the relative standard error 1/√(2n) = 5 %.
  const double spread = std::sqrt(statistics::moments(means).variance);
  CHECK(std::abs(claimed / spread - 1.0) < 4.0 / std::sqrt(2.0 * repetitions) + 4.0 * error / spread);
}

TEST_CASE("R-hat is near 1 for chains of one distribution, and sees other places, other scales and drifts") {
  // For independent draws R̂ - 1 is about half the relative variance of the means of 8 halves, 1/(2 · draws)
  // or less in the mean; the larger of two such numbers stays below 20 of them.
  constexpr std::int64_t chains = 4, draws = 1000;
  const std::vector<double> mixed = autoregressive(chains, draws, 0.0, 5);
  CHECK(diagnose_chains(mixed, chains).r_hat < 1.0 + 20.0 / (2.0 * draws));

  std::vector<double> elsewhere = mixed, wider = mixed, drifting = mixed;
  for (std::int64_t t = 0; t < draws; ++t) {
    elsewhere[static_cast<std::size_t>(t)] += 1.0;
    wider[static_cast<std::size_t>(t)] *= 5.0;
  }
  for (std::size_t i = 0; i < drifting.size(); ++i)
    drifting[i] += 2.0 * static_cast<double>(i % draws) / draws;
  CHECK(diagnose_chains(elsewhere, chains).r_hat > 1.05);
  CHECK(diagnose_chains(wider, chains).r_hat > 1.05);
  CHECK(diagnose_chains(drifting, chains).r_hat > 1.05);
}

TEST_CASE("Ranks do not see a monotone map of the draws") {
  constexpr std::int64_t chains = 3;
  const std::vector<double> draws = autoregressive(chains, 301, 0.6, 8);
  std::vector<double> mapped = draws;
  for (double& draw : mapped) draw = std::exp(3.0 * draw);
  CHECK(diagnose_chains(draws, chains).ess_bulk == diagnose_chains(mapped, chains).ess_bulk);
}

TEST_CASE("Draws that are not finite have no diagnostics; sizes that do not fit are refused") {
  std::vector<double> draws = autoregressive(2, 50, 0.5, 1);
  for (const double odd_one : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    draws[17] = odd_one;
    const ChainDiagnostics figures = diagnose_chains(draws, 2);
    for (const double value :
         {figures.mean, figures.standard_deviation, figures.r_hat, figures.ess_bulk, figures.ess_tail,
          figures.ess_mean, figures.mcse_mean, figures.autocorrelation_time}) {
      CHECK(std::isnan(value));
    }
  }
  CHECK_THROWS_AS(diagnose_chains(draws, 0), std::invalid_argument);
  CHECK_THROWS_AS(diagnose_chains(draws, 3), std::invalid_argument);
  CHECK_THROWS_AS(diagnose_chains({}, 2), std::invalid_argument);
}
