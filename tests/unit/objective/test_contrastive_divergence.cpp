// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/contrastive_divergence.hpp"
#include "support/jet_sums.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using objective::make_contrastive_divergence;

namespace {

struct Weighed {
  double weight;
  std::vector<double> terms;
};

/// One sample of the energy E(x) = x: the slope in its bias is the weight.
Weighed weigh(double regularization, int role, double energy) {
  const auto mlp = test::mlp_with<double>({1, {}}, {1.0, 0.0});
  const auto sums = test::jet_sums(mlp, *make_contrastive_divergence<double>({regularization, 0.0}),
                                   test::batch_of(test::to_rows<double>({energy}, 1), {{0, 1, role}}));
  return {sums.gradient[1], sums.terms};
}

constexpr double samples = 70;

/// 70 data in rows [0, 70) and 70 chains in rows [70, 140).
test::JetSums contrastive_sums(const test::Objective<double>& objective,
                               const std::vector<double>& parameters) {
  const auto mlp = test::mlp_with<double>({2, {5, 4}}, parameters);
  return test::jet_sums(mlp, objective,
                        test::batch_of(test::to_rows(test::arbitrary_numbers(280, 6, 2.0), 2),
                                       {{0, 64, 0}, {64, 6, 0}, {70, 64, 1}, {134, 6, 1}}));
}

}  // namespace

TEST_CASE("data are pulled down and chains pushed up", "[objective][contrastive]") {
  const Weighed data = weigh(0.0, 0, 3.0), chains = weigh(0.0, 1, 3.0);
  CHECK(data.weight == 1.0);
  CHECK(chains.weight == -1.0);
  CHECK(data.terms == std::vector<double>{3, 9, 0, 0, 9, 0});
  CHECK(chains.terms == std::vector<double>{0, 0, 3, 9, 9, 0});
}

TEST_CASE("the energy regularisation pulls both energies to zero", "[objective][contrastive]") {
  CHECK(weigh(0.25, 0, 3.0).weight == 1.0 + 1.5);
  CHECK(weigh(0.25, 1, 3.0).weight == -1.0 + 1.5);
  CHECK(weigh(0.25, 1, -3.0).weight == -1.0 - 1.5);
}

// Data energies 1 and 3, chain energies -2, 0: means 2 and -1, squares 5 and 2, standard deviations 1 and 1.
TEST_CASE("the loss and its parts follow from the sums", "[objective][contrastive]") {
  const auto objective = make_contrastive_divergence<double>({0.1, 0.5});
  CHECK(objective->group() == 1);
  CHECK(objective->passes(7) == 1);
  const auto report = objective->report(std::vector<double>{4, 10, -2, 4, 14, 6}, 2);
  CHECK(report.term("energy_data") == 2);
  CHECK(report.term("energy_chains") == -1);
  CHECK(report.term("energy_gap") == 3);
  CHECK(report.term("spread_data") == 1);
  CHECK(report.term("spread_chains") == 1);
  CHECK_THROWS_AS(report.term("spread"), std::out_of_range);
  CHECK(std::abs(report.loss - 5.2) < 1e-15);  // 3 + 0.1 · 7 + 0.5 · 3
  // Rounding may leave a variance just below zero; it counts as none.
  const std::vector<double> alike{0.3, 0.03 * (1 - 1e-15), 0, 0, 0, 0};
  CHECK(objective->report(alike, 3).term("spread_data") < 1e-7);
}

TEST_CASE("the gradient is the slope of the contrastive loss", "[objective][contrastive]") {
  const auto parameters = test::arbitrary_numbers(2 * 5 + 5 + 5 * 4 + 4 + 4 + 1, 5, 0.8);
  for (const double regularization : {0.0, 0.3}) {
    const auto objective = make_contrastive_divergence<double>({regularization, 0.0});
    const auto sums = contrastive_sums(*objective, parameters);
    double worst = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto loss_at = [&](double offset) {
        auto moved = parameters;
        moved[i] += offset;
        return objective->report(contrastive_sums(*objective, moved).terms, samples).loss;
      };
      worst = std::fmax(worst, std::abs(test::slope_of(loss_at, 1e-3) - sums.gradient[i] / samples));
    }
    CHECK(worst < 1e-10);
    // Without regularisation the loss does not see the level of the energy, which the last bias sets.
    if (regularization == 0.0) CHECK(sums.gradient.back() == 0.0);
  }
}
