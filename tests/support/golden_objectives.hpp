// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/jet_sums.hpp"
#include "support/tile_runner.hpp"

namespace ebmpi::test {

/// The cases of objectives.json of one objective, of energies or of score networks.
inline std::vector<GoldenCase> golden_objective_cases(const std::string& objective, bool of_energies = true) {
  std::vector<GoldenCase> cases;
  for (auto& golden : golden_cases("objectives.json")) {
    if (golden.objective == objective && golden.has("energy_regularization") == of_energies)
      cases.push_back(std::move(golden));
  }
  return cases;
}

template <class Scalar>
objective::Regularization<Scalar> golden_regularization(const GoldenCase& golden) {
  if (!golden.has("energy_regularization")) return {};
  return {static_cast<Scalar>(golden["energy_regularization"][0]),
          static_cast<Scalar>(golden["gradient_penalty"][0])};
}

/// Samples (N, D) of a golden case, flat.
template <class Scalar>
core::Rows<Scalar> golden_rows(const GoldenCase& golden, const std::vector<double>& values) {
  return to_rows(converted<Scalar>(values), golden["x"].size() / golden.rows);
}

/// The terms of a golden case that the report of its objective has, by the report's names.
inline void check_golden_terms(const GoldenCase& golden, const objective::LossReport& report,
                               double tolerance) {
  const bool of_energies = golden.has("energy_regularization");
  const std::string negatives = golden.has("chains") ? "energy_chains" : "energy_noise";
  const auto check = [&](const std::string& key, const std::string& name, double sign = 1) {
    if (golden.has(key)) CHECK(std::abs(report.term(name) - sign * golden[key][0]) < tolerance);
  };
  check("mean_energy_data", "energy_data");
  check("mean_energy_chains", negatives);
  check("mean_energy_noise", negatives);
  check("mean_half_square", "squared_score");
  // The golden files give tr ∇G with G = -s.
  check("mean_curvature", of_energies ? "laplacian" : "divergence", of_energies ? 1 : -1);
}

/// Loss, its terms and the parameter gradient of one case.
template <class Scalar>
void check_golden(const GoldenCase& golden, const Objective<Scalar>& objective,
                  const JetBatch<Scalar>& batch) {
  const double tolerance = sizeof(Scalar) == 8 ? 1e-10 : 1e-4, rows = static_cast<double>(golden.rows);
  INFO(golden.name << ", " << 8 * sizeof(Scalar) << " bits, " << batch.blocks.extent(0) << " blocks");
  auto parameters = golden["parameters"];
  if (golden.has("log_normalizer")) parameters.push_back(golden["log_normalizer"][0]);
  const auto mlp = mlp_with<Scalar>(golden.shape, parameters);
  const auto sums = jet_sums(mlp, objective, batch);
  const auto report = objective.report(sums.terms, rows);
  CHECK(std::abs(report.loss - golden["loss"][0]) < tolerance);
  check_golden_terms(golden, report, tolerance);
  auto gradient = sums.gradient;
  for (double& slope : gradient) slope /= rows;
  CHECK(worst_error(gradient, golden["gradient"]) < tolerance);
  const auto loss_alone = jet_sums(mlp, objective, batch, 2, Task::loss);
  CHECK(loss_alone.terms == sums.terms);
  CHECK(loss_alone.gradient == std::vector<double>(gradient.size()));
}

/// The rows x alone, in one block, in blocks of two, and one by one.
template <class Scalar>
void check_golden_rows(const GoldenCase& golden, const Objective<Scalar>& objective) {
  const auto samples = golden_rows<Scalar>(golden, golden["x"]);
  const auto rows = static_cast<std::int64_t>(golden.rows);
  for (const std::int64_t block : {5, 2, 1})
    check_golden(golden, objective, batch_of(samples, blocks_of(rows, block)));
}

/// A program of score matching along directions (B · M, D) that are given.
template <class Scalar, class Program>
struct GivenDirections : Program {
  core::Rows<Scalar> given;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const auto directions = given;
    const int all = this->all_directions(b.dimension), first = b.pass * this->most_directions;
    core::for_each(member, b.inputs * b.directions * b.size, [=](int item) {
      const int lane = item % b.size, row = item / b.size / b.directions, k = item / b.size % b.directions;
      const int sample = lane < b.block.count ? lane : b.block.count - 1;
      b.input_row(row, 1 + k)[lane] = directions((b.block.first + sample) * all + first + k, row);
    });
    if constexpr (Program::order == 2) {
      core::for_each_lane(member, b.inputs,
                          [=](int row, int lane) { b.input_row(row, 1 + b.directions)[lane] = 0; });
    }
  }
};

/// A program of denoising with z (B, D) and σ, (1) or (B), that are given.
template <class Scalar, class Program>
struct GivenNoise : Program {
  core::Rows<Scalar> given;
  Buffer<Scalar> sigma;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const auto noise = given;
    const auto scales = sigma;
    constexpr bool in_direction = Program::order == 1;  // else where the gradient would stand
    core::for_each(member, b.inputs * b.size, [=](int item) {
      const int lane = item % b.size, row = item / b.size, group = lane / b.group;
      const std::int64_t sample = b.block.first + (group < b.block.count ? group : b.block.count - 1);
      const Scalar scale = scales(scales.extent(0) > 1 ? sample : 0);
      const Scalar z =
          row < b.dimension ? (lane % b.group == 1 ? -noise(sample, row) : noise(sample, row)) : Scalar(0);
      (in_direction ? b.input_row(row, 1) : b.gradient + row * b.size)[lane] = z;
      Scalar& x = b.input_row(row, 0)[lane];
      x = row < b.dimension ? x + scale * z : Kokkos::log(scale);
      b.kept[lane] = scale;
    });
  }
};

/// A program that compares a row with negatives (B · n, D) of its own, which are given.
template <class Scalar, class Program>
struct GivenNegatives : Program {
  core::Rows<Scalar> given;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const auto samples = given;
    const int negatives = this->negatives;
    core::for_each(member, b.dimension * b.size, [=](int item) {
      const int lane = item % b.size, row = item / b.size;
      if (lane >= b.count() || lane % b.group == 0) return;
      const std::int64_t sample = b.block.first + lane / b.group;
      b.input_row(row, 0)[lane] = samples(sample * negatives + lane % b.group - 1, row);
    });
  }
};

}  // namespace ebmpi::test
