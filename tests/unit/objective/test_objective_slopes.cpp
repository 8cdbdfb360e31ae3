// SPDX-License-Identifier: Apache-2.0
// The objectives as training makes them, with their own random numbers: the gradient is the slope of the
// loss that they report, λ and μ included.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "objective/conditional_contrast.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/denoising.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "objective/score_matching.hpp"
#include "objective/score_network.hpp"
#include "support/compare.hpp"
#include "support/jet_sums.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using network::MlpShape;

namespace {

constexpr std::size_t dimension = 3;
constexpr std::int64_t rows = 70;
constexpr double lambda = 0.2, mu = 0.15;
constexpr objective::Regularization<double> regularization{lambda, mu};

using ObjectivePointer = std::unique_ptr<test::Objective<double>>;

/// An objective, its network, and how many negatives follow the data in the batch (0: it makes its own).
struct Subject {
  std::string name;
  ObjectivePointer objective;
  MlpShape shape{3, {5, 4}, network::Activation::tanh};
  std::int64_t negatives = 0;
};

test::JetBatch<double> batch_for(const Subject& subject, int size = core::tile_size) {
  const auto all = static_cast<std::size_t>(rows + subject.negatives);
  auto blocks = test::blocks_of(rows, size / subject.objective->group());
  if (subject.objective->group() == 1) {
    for (const auto& block : test::blocks_of(rows + subject.negatives, size, 1, rows))
      blocks.push_back(block);
  }
  return test::batch_of(test::to_rows(test::arbitrary_numbers(all * dimension, 6, 2.0), dimension), blocks,
                        rows, test::arbitrary_numbers(all, 7, 2.0));
}

std::vector<double> parameters_of(const MlpShape& shape) {
  return test::arbitrary_numbers(static_cast<std::size_t>(network::mlp_layout(shape).size()), 5, 0.8);
}

double loss_at(const Subject& subject, const test::JetBatch<double>& batch,
               const std::vector<double>& parameters) {
  const auto sums = test::jet_sums(test::mlp_with<double>(subject.shape, parameters), *subject.objective,
                                   batch, 2, test::Task::loss);
  return subject.objective->report(sums.terms, static_cast<double>(rows)).loss;
}

void check_slopes(const Subject& subject) {
  INFO(subject.name);
  const auto parameters = parameters_of(subject.shape);
  const auto batch = batch_for(subject);
  const auto mlp = test::mlp_with<double>(subject.shape, parameters);
  const auto sums = test::jet_sums(mlp, *subject.objective, batch);
  double worst = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto moved_loss = [&](double offset) {
      auto moved = parameters;
      moved[i] += offset;
      return loss_at(subject, batch, moved);
    };
    worst = std::max(
        worst, std::abs(test::slope_of(moved_loss, 1e-3) - sums.gradient[i] / static_cast<double>(rows)));
  }
  CHECK(worst < 1e-8);
  // A row draws by its number, so that other blocks give the same to rounding.
  const auto others = test::jet_sums(mlp, *subject.objective, batch_for(subject, 24));
  CHECK(test::worst_error(others.gradient, sums.gradient) < 1e-11);
  CHECK(test::worst_error(others.terms, sums.terms) < 1e-11);
}

core::PhiloxKey key_of(core::Purpose purpose) {
  return core::stream_key(5, purpose);
}

objective::ScoreMatchingSettings score_settings(objective::Directions directions,
                                                objective::SquaredScore squared_score) {
  objective::ScoreMatchingSettings settings;
  settings.directions = directions;
  settings.squared_score = squared_score;
  settings.projections = 3;
  settings.key = key_of(core::Purpose::projections);
  return settings;
}

objective::DenoisingSettings denoising_settings(const std::vector<double>& sigmas, objective::Pairing pairing,
                                                objective::LevelWeight weight) {
  return {sigmas, weight, pairing, key_of(core::Purpose::perturbation)};
}

}  // namespace

TEST_CASE("contrasts have the slope of their loss with both regularisations", "[objective][slopes]") {
  using namespace objective;
  check_slopes({"contrastive divergence", make_contrastive_divergence(regularization), {3, {5, 4}}, rows});
  Subject binary{"binary", make_noise_contrast(1.5, regularization), {3, {5, 4}}, 105};
  binary.shape.log_normalizer = network::LogNormalizer::learned;
  check_slopes(binary);
  for (const int ratio : {1, 4, 15}) {
    INFO("negatives of a row " << ratio);
    check_slopes({"ranking", make_ranking_contrast(ratio, regularization), {3, {5, 4}}, rows * ratio});
    check_slopes({"conditional", make_conditional_contrast(ratio, 0.7, key_of(core::Purpose::perturbation),
                                                           regularization)});
    check_slopes({"energy discrepancy",
                  make_energy_discrepancy({0.3, ratio, 0.5, key_of(core::Purpose::group_perturbation),
                                           key_of(core::Purpose::perturbation)},
                                          regularization)});
  }
}

TEST_CASE("score matching has the slope of its loss with both regularisations", "[objective][slopes]") {
  using namespace objective;
  for (const auto directions : {Directions::basis, Directions::rademacher, Directions::gaussian}) {
    for (const auto squared : {SquaredScore::along_directions, SquaredScore::whole}) {
      INFO("directions " << static_cast<int>(directions));
      const auto settings = score_settings(directions, squared);
      const MlpShape energy{3, {5, 4}}, score{3, {5, 4}, network::Activation::tanh, 3};
      check_slopes({"score matching", make_score_matching(settings, energy, regularization), energy});
      check_slopes({"of a score network", make_score_network_matching<double>(settings, score), score});
    }
  }
}

TEST_CASE("denoising has the slope of its loss with both regularisations", "[objective][slopes]") {
  using namespace objective;
  for (const auto pairing : {Pairing::single, Pairing::antithetic}) {
    for (const auto weight : {LevelWeight::variance, LevelWeight::uniform}) {
      const auto one = denoising_settings({0.4}, pairing, weight);
      const auto ladder = denoising_settings({0.2, 0.4, 1.2}, pairing, weight);
      const MlpShape told{4, {5, 4}}, score{3, {5}, network::Activation::silu, 3};
      check_slopes({"denoising", make_denoising(one, regularization)});
      check_slopes({"ladder", make_denoising(ladder, regularization), told});
      check_slopes({"of a score network", make_score_network_denoising<double>(one), score});
      check_slopes({"ladder of a score network",
                    make_score_network_denoising<double>(ladder),
                    {4, {5}, network::Activation::silu, 3}});
    }
  }
}

// λ(mean E² over data + over negatives) + μ(the same of ‖∇E‖²), with the plain network and its differences.
TEST_CASE("the loss of a group is what plain loops give", "[objective][slopes]") {
  constexpr int ratio = 4;
  const Subject subject{
      "ranking", objective::make_ranking_contrast(ratio, regularization), {3, {5, 4}}, rows * ratio};
  const auto parameters = parameters_of(subject.shape);
  const auto values =
      test::arbitrary_numbers(static_cast<std::size_t>(rows * (1 + ratio)) * dimension, 6, 2.0);
  const auto log_noise = test::arbitrary_numbers(static_cast<std::size_t>(rows * (1 + ratio)), 7, 2.0);
  const auto energy_at = [&](std::size_t row, std::size_t d, double offset) {
    std::vector<double> x(&values[row * dimension], &values[row * dimension] + dimension);
    x[d] += offset;
    return test::plain_outputs(subject.shape, parameters, x)[0];
  };
  double loss = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    double total = 0, first = 0;
    for (std::size_t j = 0; j <= ratio; ++j) {
      const std::size_t row = j == 0 ? i : static_cast<std::size_t>(rows) + i * ratio + j - 1;
      const double energy = energy_at(row, 0, 0), exponent = -energy - log_noise[row];
      if (j == 0) first = exponent;
      total += std::exp(exponent);
      double square = 0;
      for (std::size_t d = 0; d < dimension; ++d) {
        const double slope = test::slope_of([&](double h) { return energy_at(row, d, h); }, 1e-3);
        square += slope * slope;
      }
      loss += (j == 0 ? 1.0 : 1.0 / ratio) * (lambda * energy * energy + mu * square);
    }
    loss += std::log(total) - first;
  }
  CHECK(std::abs(loss_at(subject, batch_for(subject), parameters) - loss / static_cast<double>(rows)) <
        1e-10);
}

// E(x) = 1000 x in single precision, where e^5000 would be infinite.
TEST_CASE("contrasts do not overflow at large energies", "[objective][slopes]") {
  using namespace objective;
  MlpShape shape{1, {}};
  const std::vector<float> no_noise{0, 0};
  const auto sums_at = [&](const test::Objective<float>& objective, float data, float noise,
                           const std::vector<test::SampleBlock>& blocks) {
    std::vector<double> parameters{1000.0, 0.0};
    if (shape.log_normalizer == network::LogNormalizer::learned) parameters.push_back(0.0);
    return test::jet_sums(test::mlp_with<float>(shape, parameters), objective,
                          test::batch_of(test::to_rows<float>({data, noise}, 1), blocks, 1, no_noise));
  };
  // Ranking: log(1 + e^(E_0 - E_1)); its slope in the weight is x_0 - x_1 where the noise wins.
  const auto ranking = make_ranking_contrast<float>(1, {});
  const auto lost = sums_at(*ranking, 0, -5, {{0, 1, 0}}), won = sums_at(*ranking, -5, 0, {{0, 1, 0}});
  CHECK(ranking->report(lost.terms, 1).loss == 5000);
  CHECK(lost.gradient == std::vector<double>{5, 0});
  CHECK(ranking->report(won.terms, 1).loss == 0);
  CHECK(won.gradient == std::vector<double>{0, 0});
  // Binary: log(1 + e^E) of the data and log(1 + e^-E) of the noise.
  shape.log_normalizer = network::LogNormalizer::learned;
  const auto binary = make_noise_contrast<float>(1, {});
  const auto wrong = sums_at(*binary, 5, -4, {{0, 1, 0}, {1, 1, 1}});
  const auto right = sums_at(*binary, -5, 4, {{0, 1, 0}, {1, 1, 1}});
  CHECK(binary->report(wrong.terms, 1).loss == 9000);
  CHECK(binary->report(wrong.terms, 1).term("accuracy") == 0);
  CHECK(wrong.gradient == std::vector<double>{9, 0, 0});
  CHECK(binary->report(right.terms, 1).loss == 0);
  CHECK(binary->report(right.terms, 1).term("accuracy") == 1);
  CHECK(test::worst_error(right.gradient, std::vector<double>{0, 0, 0}) < 1e-30);
}
