// SPDX-License-Identifier: Apache-2.0
// Objectives of a network that gives the score itself, against tests/golden/objectives.json.
#include "objective/score_network.hpp"
#include "support/golden_objectives.hpp"

using namespace ebmpi;

namespace ebmpi::test {

template <class Scalar>
void check_exact_score(const GoldenCase& golden) {
  objective::ScoreMatchingSettings settings;
  settings.squared_score = objective::SquaredScore::whole;
  check_golden_rows(golden, *objective::make_score_network_matching<Scalar>(settings, golden.shape));
}

template <class Scalar>
void check_sliced_score(const GoldenCase& golden) {
  GivenDirections<Scalar, objective::ScoreNetworkMatching<Scalar>> program;
  program.kind = objective::Directions::rademacher;
  program.squared_score = golden["variance_reduction"][0] > 0 ? objective::SquaredScore::whole
                                                              : objective::SquaredScore::along_directions;
  program.projections = static_cast<int>(golden["directions"].size() / golden["x"].size());
  program.given = golden_rows<Scalar>(golden, golden["directions"]);
  for (program.most_directions = 1; program.most_directions <= program.projections; ++program.most_directions)
    check_golden_rows(golden, *objective_of<Scalar>(program));
}

template <class Scalar>
void check_score_denoising(const GoldenCase& golden) {
  GivenNoise<Scalar, objective::ScoreNetworkDenoising<Scalar>> program;
  program.given = golden_rows<Scalar>(golden, golden["z"]);
  program.sigma = to_device(converted<Scalar>(golden["sigma"]));
  REQUIRE(std::abs(golden["sigma_weight"][0] - golden["sigma"][0] * golden["sigma"][0]) < 1e-8);
  check_golden_rows(golden, *objective_of<Scalar>(program));
}

}  // namespace ebmpi::test

TEST_CASE("score networks agree with PyTorch", "[objective][golden]") {
  const auto exact = test::golden_objective_cases("score_matching", false);
  const auto sliced = test::golden_objective_cases("sliced_score_matching", false);
  const auto denoising = test::golden_objective_cases("denoising_score_matching", false);
  REQUIRE(exact.size() == 2);
  REQUIRE(sliced.size() == 8);
  REQUIRE(denoising.size() == 2);
  for (const auto& golden : exact) {
    test::check_exact_score<double>(golden);
    test::check_exact_score<float>(golden);
  }
  for (const auto& golden : sliced) {
    test::check_sliced_score<double>(golden);
    test::check_sliced_score<float>(golden);
  }
  for (const auto& golden : denoising) {
    test::check_score_denoising<double>(golden);
    test::check_score_denoising<float>(golden);
  }
}

// Each case of the file has its check: 6 + 4 + 12 + 12 of energies, 8 + 4 contrasts, 12 of score networks.
TEST_CASE("the golden file holds no other objective", "[objective][golden]") {
  CHECK(test::golden_cases("objectives.json").size() == 58);
}
