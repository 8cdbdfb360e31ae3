// SPDX-License-Identifier: Apache-2.0
// Noise contrasts and energy discrepancy against tests/golden/objectives.json.
#include "objective/conditional_contrast.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "support/golden_objectives.hpp"

using namespace ebmpi;

namespace ebmpi::test {

inline std::vector<double> joined(std::vector<double> first, const std::vector<double>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

template <class Scalar>
void check_binary_contrast(const GoldenCase& golden) {
  const auto log_noise = converted<Scalar>(joined(golden["log_noise_data"], golden["log_noise_noise"]));
  const auto samples = golden_rows<Scalar>(golden, joined(golden["x"], golden["noise"]));
  const auto all = static_cast<std::int64_t>(samples.extent(0));
  const auto objective = objective::make_noise_contrast<Scalar>(static_cast<double>(all - 5) / 5,
                                                                golden_regularization<Scalar>(golden));
  for (const std::int64_t size : {64, 2}) {
    auto blocks = blocks_of(5, size);
    for (const auto& block : blocks_of(all, size, 1, 5)) blocks.push_back(block);
    check_golden(golden, *objective, batch_of(samples, blocks, 5, log_noise));
  }
}

/// log p_n comes as (B, ν + 1), the row itself first; an objective reads it in the order of the samples.
template <class Scalar>
void check_ranking_contrast(const GoldenCase& golden) {
  const std::size_t group = golden["log_noise"].size() / golden.rows;
  std::vector<Scalar> of_data, of_noise;
  for (std::size_t i = 0; i < golden["log_noise"].size(); ++i)
    (i % group ? of_noise : of_data).push_back(static_cast<Scalar>(golden["log_noise"][i]));
  of_data.insert(of_data.end(), of_noise.begin(), of_noise.end());
  const auto samples = golden_rows<Scalar>(golden, joined(golden["x"], golden["noise"]));
  const auto objective = objective::make_ranking_contrast<Scalar>(static_cast<int>(group) - 1,
                                                                  golden_regularization<Scalar>(golden));
  for (const std::int64_t block : {5, 2, 1})
    check_golden(golden, *objective, batch_of(samples, blocks_of(5, block), 5, of_data));
}

template <class Program, class Scalar>
Program with_negatives(const GoldenCase& golden, const std::string& key) {
  Program program;
  program.regularization = golden_regularization<Scalar>(golden);
  program.negatives = static_cast<int>(golden[key].size() / golden["x"].size());
  program.given = golden_rows<Scalar>(golden, golden[key]);
  return program;
}

template <class Scalar>
void check_conditional_contrast(const GoldenCase& golden) {
  using Program = GivenNegatives<Scalar, objective::ConditionalContrast<Scalar>>;
  check_golden_rows(golden, *objective_of<Scalar>(with_negatives<Program, Scalar>(golden, "y")));
}

template <class Scalar>
void check_energy_discrepancy(const GoldenCase& golden) {
  using Program = GivenNegatives<Scalar, objective::EnergyDiscrepancy<Scalar>>;
  auto program = with_negatives<Program, Scalar>(golden, "perturbed");
  program.stabilization = static_cast<Scalar>(golden["stabilization"][0]);
  check_golden_rows(golden, *objective_of<Scalar>(program));
}

}  // namespace ebmpi::test

TEST_CASE("noise contrastive estimation agrees with PyTorch", "[objective][golden]") {
  int binary = 0, ranking = 0, conditional = 0;
  for (const auto& golden : test::golden_objective_cases("noise_contrastive_estimation")) {
    if (golden.has("log_normalizer")) {
      ++binary;
      test::check_binary_contrast<double>(golden);
      test::check_binary_contrast<float>(golden);
    } else if (golden.has("log_noise")) {
      ++ranking;
      test::check_ranking_contrast<double>(golden);
      test::check_ranking_contrast<float>(golden);
    } else {
      ++conditional;
      REQUIRE(golden.has("y"));
      test::check_conditional_contrast<double>(golden);
      test::check_conditional_contrast<float>(golden);
    }
  }
  CHECK(binary == 4);
  CHECK(ranking == 2);
  CHECK(conditional == 2);
}

TEST_CASE("energy discrepancy agrees with PyTorch", "[objective][golden]") {
  const auto cases = test::golden_objective_cases("energy_discrepancy");
  REQUIRE(cases.size() == 4);
  for (const auto& golden : cases) {
    test::check_energy_discrepancy<double>(golden);
    test::check_energy_discrepancy<float>(golden);
  }
}
