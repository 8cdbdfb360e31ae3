// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/contrastive_divergence.hpp"
#include "support/jet_sums.hpp"
#include "support/numbers.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using objective::ContrastiveDivergence;
using objective::Role;

namespace {

constexpr int data_role = static_cast<int>(Role::data), chains_role = static_cast<int>(Role::chains);

struct Weighed {
  double weight, term[4];
};

Weighed weigh(double regularization, int role, double energy) {
  const ContrastiveDivergence<double> weigher{regularization};
  const double jet[1] = {energy};
  double weight[1], term[4];
  weigher(role, jet, weight, term);
  return {weight[0], {term[0], term[1], term[2], term[3]}};
}

constexpr double samples = 70;

/// 70 data in rows [0, 70) and 70 chains in rows [70, 140).
std::vector<objective::SampleBlock> data_and_chains() {
  return {{0, 64, data_role}, {64, 6, data_role}, {70, 64, chains_role}, {134, 6, chains_role}};
}

test::JetSums contrastive_sums(double regularization, const std::vector<double>& parameters) {
  const auto mlp = test::mlp_with<double>({2, {5, 4}, network::Activation::silu}, parameters);
  return test::jet_sums(mlp, ContrastiveDivergence<double>{regularization},
                        test::to_rows(test::arbitrary_numbers(280, 6, 2.0), 2), {}, data_and_chains(), 2);
}

objective::ContrastiveLoss loss_of(double regularization, const test::JetSums& sums) {
  const double terms[4] = {sums.terms[0], sums.terms[1], sums.terms[2], sums.terms[3]};
  return objective::contrastive_loss(terms, samples, regularization);
}

}  // namespace

TEST_CASE("data are pulled down and chains pushed up", "[objective][contrastive]") {
  const Weighed data = weigh(0.0, data_role, 3.0), chains = weigh(0.0, chains_role, 3.0);
  CHECK(data.weight == 1.0);
  CHECK(chains.weight == -1.0);
  CHECK(std::vector<double>(data.term, data.term + 4) == std::vector<double>{3, 9, 0, 0});
  CHECK(std::vector<double>(chains.term, chains.term + 4) == std::vector<double>{0, 0, 3, 9});
}

TEST_CASE("the energy regularisation pulls both energies to zero", "[objective][contrastive]") {
  CHECK(weigh(0.25, data_role, 3.0).weight == 1.0 + 1.5);
  CHECK(weigh(0.25, chains_role, 3.0).weight == -1.0 + 1.5);
  CHECK(weigh(0.25, chains_role, -3.0).weight == -1.0 - 1.5);
}

// Data energies 1 and 3, chain energies -2, 0: means 2 and -1, squares 5 and 2, standard deviations 1 and 1.
TEST_CASE("the loss and its parts follow from the sums", "[objective][contrastive]") {
  const auto loss = objective::contrastive_loss({4, 10, -2, 4}, 2, 0.1);
  CHECK(loss.energy_data == 2);
  CHECK(loss.energy_chains == -1);
  CHECK(loss.gap() == 3);
  CHECK(loss.spread_data == 1);
  CHECK(loss.spread_chains == 1);
  CHECK(std::abs(loss.loss - 3.7) < 1e-15);
  // Rounding may leave a variance just below zero; it counts as none.
  CHECK(objective::contrastive_loss({0.3, 0.03 * (1 - 1e-15), 0, 0}, 3, 0.0).spread_data < 1e-7);
}

TEST_CASE("the gradient is the slope of the contrastive loss", "[objective][contrastive]") {
  const auto parameters = test::arbitrary_numbers(2 * 5 + 5 + 5 * 4 + 4 + 4 + 1, 5, 0.8);
  for (const double regularization : {0.0, 0.3}) {
    const auto sums = contrastive_sums(regularization, parameters);
    double worst = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      constexpr double h = 1e-3;
      const auto loss_at = [&](double offset) {
        auto moved = parameters;
        moved[i] += offset;
        return loss_of(regularization, contrastive_sums(regularization, moved)).loss;
      };
      const double slope = (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h);
      worst = std::fmax(worst, std::abs(slope - sums.gradient[i] / samples));
    }
    CHECK(worst < 1e-10);
    // Without regularisation the loss does not see the level of the energy, which the last bias sets.
    if (regularization == 0.0) CHECK(sums.gradient.back() == 0.0);
  }
}
