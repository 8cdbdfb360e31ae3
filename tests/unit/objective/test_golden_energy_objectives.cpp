// SPDX-License-Identifier: Apache-2.0
// Objectives of an energy against tests/golden/objectives.json, but for the contrasts.
#include "objective/contrastive_divergence.hpp"
#include "objective/denoising.hpp"
#include "objective/score_matching.hpp"
#include "support/golden_objectives.hpp"

using namespace ebmpi;

namespace ebmpi::test {

template <class Scalar>
void check_contrastive_divergence(const GoldenCase& golden) {
  auto samples = golden["x"];
  samples.insert(samples.end(), golden["chains"].begin(), golden["chains"].end());
  const auto objective =
      objective::make_contrastive_divergence<Scalar>(golden_regularization<Scalar>(golden));
  const std::vector<SampleBlock> whole{{0, 5, 0}, {5, 5, 1}},
      pieces{{7, 3, 1}, {0, 1, 0}, {5, 2, 1}, {1, 4, 0}};
  for (const auto& blocks : {whole, pieces})
    check_golden(golden, *objective, batch_of(golden_rows<Scalar>(golden, samples), blocks, 5));
}

/// The objective itself, with either way to ½‖∇E‖², and its program in passes of at most one and two
/// directions.
template <class Scalar>
void check_score_matching(const GoldenCase& golden) {
  const auto regularization = golden_regularization<Scalar>(golden);
  for (const auto squared : {objective::SquaredScore::along_directions, objective::SquaredScore::whole}) {
    objective::ScoreMatchingSettings settings;
    settings.squared_score = squared;
    check_golden_rows(golden,
                      *objective::make_score_matching<Scalar>(settings, golden.shape, regularization));
  }
  const auto dimension = static_cast<std::size_t>(golden.shape.inputs);
  std::vector<double> unit_vectors;
  for (std::size_t i = 0; i < golden.rows * dimension * dimension; ++i)
    unit_vectors.push_back(i / dimension % dimension == i % dimension ? 1 : 0);
  for (const int most : {1, 2}) {
    GivenDirections<Scalar, objective::ScoreMatching<Scalar>> program;
    program.regularization = regularization;
    program.most_directions = most;
    program.given = golden_rows<Scalar>(golden, unit_vectors);
    check_golden_rows(golden, *objective_of<Scalar>(program));
  }
}

template <class Scalar>
void check_sliced_score_matching(const GoldenCase& golden) {
  GivenDirections<Scalar, objective::ScoreMatching<Scalar>> program;
  program.regularization = golden_regularization<Scalar>(golden);
  program.kind = objective::Directions::gaussian;
  if (golden["variance_reduction"][0] > 0) program.squared_score = objective::SquaredScore::whole;
  program.projections = static_cast<int>(golden["directions"].size() / golden["x"].size());
  program.given = golden_rows<Scalar>(golden, golden["directions"]);
  for (program.most_directions = 1; program.most_directions <= program.projections; ++program.most_directions)
    check_golden_rows(golden, *objective_of<Scalar>(program));
}

template <class Scalar>
void check_denoising(const GoldenCase& golden) {
  GivenNoise<Scalar, objective::Denoising<Scalar>> program;
  program.regularization = golden_regularization<Scalar>(golden);
  program.given = golden_rows<Scalar>(golden, golden["z"]);
  program.sigma = to_device(converted<Scalar>(golden["sigma"]));
  if (golden["sigma_weight"][0] == 1) program.noise.level_weight = objective::LevelWeight::uniform;
  if (golden["antithetic"][0] > 0) program.noise.pairing = objective::Pairing::antithetic;
  check_golden_rows(golden, *objective_of<Scalar>(program));
}

}  // namespace ebmpi::test

TEST_CASE("contrastive divergence agrees with PyTorch", "[objective][golden]") {
  const auto cases = test::golden_objective_cases("contrastive_divergence");
  REQUIRE(cases.size() == 6);
  for (const auto& golden : cases) {
    test::check_contrastive_divergence<double>(golden);
    test::check_contrastive_divergence<float>(golden);
  }
}

TEST_CASE("exact score matching agrees with PyTorch", "[objective][golden]") {
  const auto cases = test::golden_objective_cases("score_matching");
  REQUIRE(cases.size() == 4);
  for (const auto& golden : cases) {
    test::check_score_matching<double>(golden);
    test::check_score_matching<float>(golden);
  }
}

TEST_CASE("sliced score matching agrees with PyTorch", "[objective][golden]") {
  const auto cases = test::golden_objective_cases("sliced_score_matching");
  REQUIRE(cases.size() == 12);
  for (const auto& golden : cases) {
    test::check_sliced_score_matching<double>(golden);
    test::check_sliced_score_matching<float>(golden);
  }
}

TEST_CASE("denoising score matching agrees with PyTorch", "[objective][golden]") {
  const auto cases = test::golden_objective_cases("denoising_score_matching");
  REQUIRE(cases.size() == 12);
  for (const auto& golden : cases) {
    test::check_denoising<double>(golden);
    test::check_denoising<float>(golden);
  }
}
