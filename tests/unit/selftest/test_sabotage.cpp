// SPDX-License-Identifier: Apache-2.0
// Objectives that are wrong in the ways in which others were, through the same checks and tolerances.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "objective/conditional_contrast.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "selftest/objective_checks.hpp"

using namespace ebmpi;
using objective::JetBatch;
using objective::JetBlock;
using objective::Objective;

namespace {

constexpr int dimension = 8;

/// What the checks that fail are about: "trace", "minimum at 1", …
std::set<std::string> failures(const std::function<void(selftest::CheckList&)>& check) {
  selftest::CheckList list;
  check(list);
  std::set<std::string> about;
  for (const selftest::Check& one : list.checks()) {
    if (!one.passed()) about.insert(one.name.substr(one.name.find(": ") + 2));
  }
  return about;
}

using Names = std::set<std::string>;

/// Exact score matching whose trace, or only its gradient, is multiplied by a factor.
struct WrongTrace : objective::ScoreMatching<float> {
  float in_loss = 1, in_gradient = 1;

  template <class Member>
  KOKKOS_FUNCTION void weigh(const Member& member, const JetBlock<float>& b,
                             const JetBatch<float>& batch) const {
    ScoreMatching<float>::weigh(member, b, batch);
    const float loss_factor = in_loss, gradient_factor = in_gradient;
    core::for_each_lane(member, 1, [=](int, int lane) {
      b.weights[(1 + b.directions) * b.size + lane] *= gradient_factor;
      b.term(1)[lane] *= loss_factor;
    });
  }

  double work(int) const { return 1.0; }
  objective::LossReport report(const double* sums, double rows) const {
    return {(sums[0] - sums[1]) / rows, {{"squared_score", sums[0] / rows}, {"laplacian", sums[1] / rows}}};
  }
};

Names failures_of_trace(float in_loss, float in_gradient) {
  WrongTrace program;
  program.most_directions = dimension;
  program.in_loss = in_loss;
  program.in_gradient = in_gradient;
  const objective::ProgramObjective<float, WrongTrace> wrong(program);
  return failures([&](auto& list) { selftest::check_score_matching(list, "wrong", wrong, {}, dimension); });
}

/// Denoising towards +z/σ as the score, the sign that others got wrong.
struct WrongTarget : objective::Denoising<float> {
  template <class Member>
  KOKKOS_FUNCTION void aim(const Member& member, const JetBlock<float>& b,
                           const JetBatch<float>& batch) const {
    core::for_each_lane(member, b.dimension, [=](int row, int lane) { b.input_row(row, 1)[lane] *= -1.0f; });
    Denoising<float>::aim(member, b, batch);
  }

  objective::LossReport report(const double* sums, double rows) const {
    return {sums[0] / rows, {{"energy_data", sums[1] / rows}}};
  }
};

/// Data for negatives and negatives for data.
class SwappedRoles final : public Objective<float> {
public:
  explicit SwappedRoles(const Objective<float>& right) : right_(right) {}

  int terms() const override { return right_.terms(); }
  int group() const override { return right_.group(); }
  int passes(int inputs) const override { return right_.passes(inputs); }
  double work(int inputs) const override { return right_.work(inputs); }
  void add(const core::ExecutionSpace& space, const network::MlpView<float>& mlp,
           const JetBatch<float>& batch, objective::Task task, const core::FixedPointAdder& adder,
           int workers) const override {
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), batch.blocks);
    std::vector<objective::SampleBlock> blocks(host.data(), host.data() + host.extent(0));
    for (objective::SampleBlock& block : blocks) block.role = 1 - block.role;
    JetBatch<float> swapped = batch;
    swapped.blocks = selftest::to_device(blocks);
    right_.add(space, mlp, swapped, task, adder, workers);
  }
  objective::LossReport report(std::span<const double> sums, double rows) const override {
    return right_.report(sums, rows);
  }

private:
  const Objective<float>& right_;
};

}  // namespace

TEST_CASE("a right trace passes, also through the program that can spoil it", "[selftest]") {
  CHECK(failures_of_trace(1.0f, 1.0f).empty());
}

TEST_CASE("a trace of the wrong sign fails", "[selftest]") {
  CHECK(failures_of_trace(-1.0f, -1.0f) == Names{"trace", "minimum at 1"});
}

TEST_CASE("a trace that is a mean over the dimensions fails", "[selftest]") {
  CHECK(failures_of_trace(1.0f / dimension, 1.0f / dimension) == Names{"trace", "minimum at 1"});
}

TEST_CASE("a gradient that is not that of the loss fails", "[selftest]") {
  CHECK(failures_of_trace(1.0f, -1.0f) == Names{"gradient", "minimum at 1"});
  CHECK(failures_of_trace(1.0f, 0.999f) == Names{"gradient"});
}

TEST_CASE("denoising towards the wrong sign fails", "[selftest]") {
  const objective::DenoisingSettings settings{{0.5}, {}, {}, selftest::key_of(core::Purpose::perturbation)};
  const WrongTarget program{{{}, objective::make_noise_scale<float>(settings)}};
  const objective::ProgramObjective<float, WrongTarget> wrong(program);
  CHECK(failures([&](auto& list) { selftest::check_denoising(list, "wrong", wrong, settings, dimension); }) ==
        Names{"loss", "minimum at 1/(1 + σ²)"});
}

TEST_CASE("denoising with another noise or weight than it says fails", "[selftest]") {
  const objective::DenoisingSettings settings{{0.5}, {}, {}, selftest::key_of(core::Purpose::perturbation)};
  objective::DenoisingSettings other = settings;
  other.sigmas = {0.6};
  CHECK(failures([&](auto& list) {
          selftest::check_denoising(list, "wrong", *objective::make_denoising<float>(other, {}), settings,
                                    dimension);
        }).contains("minimum at 1/(1 + σ²)"));
  other = settings;
  other.level_weight = objective::LevelWeight::uniform;
  CHECK(failures([&](auto& list) {
          selftest::check_denoising(list, "wrong", *objective::make_denoising<float>(other, {}), settings,
                                    dimension);
        }).contains("loss"));
}

TEST_CASE("contrastive divergence that raises the energy of the data fails", "[selftest]") {
  const auto right = objective::make_contrastive_divergence<float>({});
  CHECK(failures([&](auto& list) {
          selftest::check_contrastive_divergence(list, "wrong", SwappedRoles(*right), dimension);
        }) == Names{"loss", "gradient"});
}

TEST_CASE("a penalty that was not asked for fails", "[selftest]") {
  const auto wrong = objective::make_contrastive_divergence<float>({0.001f, 0.0f});
  CHECK(failures([&](auto& list) {
          selftest::check_contrastive_divergence(list, "wrong", *wrong, dimension);
        }) == Names{"loss", "gradient"});
}

TEST_CASE("noise contrast that takes the noise for as many as the data fails", "[selftest]") {
  const Names about = failures([&](auto& list) {
    selftest::check_noise_contrast(list, "wrong", *objective::make_noise_contrast<float>(1.0, {}), 2,
                                   dimension);
  });
  CHECK(about.contains("loss"));
  CHECK(about.contains("c is -log Z"));
}

TEST_CASE("ranking among fewer than it says fails", "[selftest]") {
  const Names about = failures([&](auto& list) {
    selftest::check_ranking(list, "wrong", *objective::make_ranking_contrast<float>(1, {}), 3, dimension);
  });
  CHECK(about.contains("loss"));
  CHECK(about.contains("slope"));
}

TEST_CASE("conditional contrast with other steps than it says fails", "[selftest]") {
  const core::PhiloxKey key = selftest::key_of(core::Purpose::group_perturbation);
  CHECK(failures([&](auto& list) {
          selftest::check_conditional(list, "wrong",
                                      *objective::make_conditional_contrast<float>(3, 0.6, key, {}), 3, 0.5,
                                      dimension);
        }) == Names{"slope at 0"});
}

TEST_CASE("energy discrepancy of another time, or with one noise for two, fails", "[selftest]") {
  objective::EnergyDiscrepancySettings settings{0.25, 3, 1.0, selftest::key_of(core::Purpose::perturbation),
                                                selftest::key_of(core::Purpose::group_perturbation)};
  const auto failures_at = [&](const objective::EnergyDiscrepancySettings& at_zero) {
    return failures([&](auto& list) {
      selftest::check_energy_discrepancy(
          list, "wrong", *objective::make_energy_discrepancy<float>(settings, {}),
          *objective::make_energy_discrepancy<float>(at_zero, {}), 0.5, 0.25, 3, dimension);
    });
  };
  objective::EnergyDiscrepancySettings at_zero = settings;
  at_zero.stabilization = 0.5;
  CHECK(failures_at(at_zero).empty());
  at_zero.time = 0.3;
  CHECK(failures_at(at_zero) == Names{"slope at 0"});
  CHECK(failures_at(settings) == Names{"loss at 0", "slope at 0"});
}
