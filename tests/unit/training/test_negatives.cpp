// SPDX-License-Identifier: Apache-2.0
// Chains in the energy ½‖Wx‖² of a network with one quadratic layer, whose distribution is known.
#include "training/negatives.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "config/parse.hpp"
#include "support/gaussian_fit.hpp"
#include "support/views.hpp"
#include "training/settings.hpp"

using namespace ebmpi;

namespace {

constexpr std::int64_t chains = 16384;
constexpr double deviation[] = {1.0, 0.7};

/// The negatives of a run on Gaussian data, with all chains served in every step.
class Run {
public:
  explicit Run(const std::string& sampler, const std::string& objective = "persistent_contrastive_divergence")
      : config_(config::parse_config(text(sampler, objective), "test")),
        shards_(4, 1, 0),
        data_(world_, shards_, *training::open_source(world_, config_), training::preparation(config_)),
        negatives_(world_, config_, shards_, data_),
        network_(
            test::quadratic_energy(test::quadratic_shape(2), {1 / deviation[0], 0, 0, 1 / deviation[1]})),
        batch_("ebmpi::test::batch", chains, 2),
        x_("ebmpi::test::x", chains, 2) {}

  void advance(std::int64_t steps) {
    for (std::int64_t step = 0; step < steps; ++step) negatives_.advance(++step_, network_, batch_, x_);
  }
  std::vector<double> x() const { return test::from_rows(x_); }
  training::Negatives<double>& negatives() { return negatives_; }
  const comm::Communicator& world() const { return world_; }
  const data::ModelSpaceMoments& moments() const { return data_.moments(); }

  double variance(std::size_t d) const {
    double square = 0.0;
    const std::vector<double> values = x();
    for (std::size_t i = d; i < values.size(); i += 2) square += values[i] * values[i];
    return square / chains;
  }

private:
  static std::string text(const std::string& sampler, const std::string& objective) {
    const bool persistent = objective.starts_with("persistent");
    return "[data]\ndensity = \"gaussian\"\ncount = 4096\nstandardize = false\n[network]\nhidden = "
           "[2]\nactivation = \"quadratic\"\n[objective]\nkind = \"" +
           objective + "\"\n[sampler]\n" +
           (persistent ? "reinitialize = 0.0\npopulation = " + std::to_string(chains) + "\n" : "") + sampler +
           "\n[optimizer]\nbatch_size = " + std::to_string(chains) + "\n[parallel]\nshards = 4\n";
  }

  comm::Communicator world_{MPI_COMM_SELF};
  config::RunConfig config_;
  comm::ShardMap shards_;
  data::TrainingData<double> data_;
  training::Negatives<double> negatives_;
  network::Mlp<double> network_;
  core::Rows<double> batch_, x_;
  std::int64_t step_ = 0;
};

/// How many standard errors a variance is off.
double errors_of(const Run& run, std::size_t d, double variance) {
  return std::abs(run.variance(d) - variance) / (variance * std::sqrt(2.0 / chains));
}

const char* const exact[] = {
    "kind = \"mala\"\nstep_size = 0.4\nsteps = 10", "kind = \"metropolis\"\nstep_size = 1.0\nsteps = 20",
    "kind = \"hmc\"\nstep_size = 0.5\nleapfrogs = 4\nsteps = 4",
    "kind = \"parallel_tempering\"\nstep_size = 0.5\nleapfrogs = 3\nlevels = 3\nhottest = 4.0\nsteps = 4\n"
    "exchange_every = 2",
    "kind = \"parallel_tempering\"\nmoves = \"mala\"\nstep_size = 0.4\nlevels = 4\nhottest = 8.0\nsteps = 7\n"
    "exchange_every = 2"};

}  // namespace

TEST_CASE("negatives have the variance of the energy where Langevin's bias shows", "[training][negatives]") {
  for (const double temperature : {1.0, 1.5}) {
    for (const char* const sampler : exact) {
      INFO(sampler << ", T = " << temperature);
      Run run(std::string(sampler) + "\ntemperature = " + std::to_string(temperature));
      run.advance(15);
      for (const std::size_t d : {0, 1})
        CHECK(errors_of(run, d, temperature * deviation[d] * deviation[d]) < 4);
    }
  }
  Run langevin("step_size = 0.4\nsteps = 10");
  langevin.advance(15);
  for (const std::size_t d : {0, 1}) {
    const double variance = deviation[d] * deviation[d];
    CHECK(errors_of(langevin, d, variance / (1 - 0.4 / (2 * variance))) < 4);
    CHECK(errors_of(langevin, d, variance) > 10);
  }
}

TEST_CASE("chains of one step come to the same distribution from noise", "[training][negatives]") {
  Run run("kind = \"hmc\"\nstep_size = 0.5\nleapfrogs = 4\nsteps = 20", "contrastive_divergence");
  run.advance(1);
  for (const std::size_t d : {0, 1}) CHECK(errors_of(run, d, deviation[d] * deviation[d]) < 4);
}

TEST_CASE("the watch sees equilibrium, and the energies of the negatives", "[training][negatives]") {
  for (const char* const sampler : exact) {
    INFO(sampler);
    Run run(sampler);
    run.advance(15);
    const auto virial = test::to_host(run.negatives().watch().virial);
    const auto energy = test::to_host(run.negatives().watch().energy);
    const auto norm = test::to_host(run.negatives().watch().gradient_norm);
    const std::vector<double> x = run.x();
    double mean_virial = 0.0, worst = 0.0;
    for (std::size_t chain = 0; chain < chains; ++chain) {
      double expected = 0.0, square = 0.0;
      for (std::size_t d = 0; d < 2; ++d) {
        const double slope = x[2 * chain + d] / (deviation[d] * deviation[d]);
        expected += 0.5 * x[2 * chain + d] * slope;
        square += slope * slope;
      }
      worst =
          std::max({worst, std::abs(energy[chain] - expected), std::abs(norm[chain] - std::sqrt(square))});
      mean_virial += virial[chain] / chains;
    }
    CHECK(worst < 1e-12);
    CHECK(std::abs(mean_virial - 2.0) < 4 * 2.1 / std::sqrt(double{chains}));  // c is nearly 0
  }
}

TEST_CASE("a box holds every kind of chain", "[training][negatives]") {
  for (const char* const sampler :
       {"step_size = 0.1", "kind = \"annealed_langevin\"\nstep_size = 0.1",
        "kind = \"mala\"\nstep_size = 0.3", "kind = \"metropolis\"\nstep_size = 1.0",
        "kind = \"hmc\"\nstep_size = 0.5", "kind = \"parallel_tempering\"\nstep_size = 0.5"}) {
    INFO(sampler);
    Run run(std::string(sampler) + "\nsteps = 5\nbox = 0.0");
    run.advance(5);
    const std::vector<double> x = run.x();
    double beyond = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      beyond = std::max({beyond, x[i] - run.moments().maximum[i % 2], run.moments().minimum[i % 2] - x[i]});
    }
    CHECK(beyond <= 0.0);
  }
}

TEST_CASE("the step size is tuned to the wanted acceptance, and then stays", "[training][negatives]") {
  for (const auto& [sampler, wanted] :
       {std::pair{"kind = \"mala\"\nstep_size = 0.001", 0.574},
        std::pair{"kind = \"metropolis\"\nstep_size = 10.0\ntarget_acceptance = 0.3", 0.3},
        std::pair{"kind = \"hmc\"\nstep_size = 0.01\nleapfrogs = 3", 0.8},
        std::pair{"kind = \"parallel_tempering\"\nstep_size = 0.02\nleapfrogs = 3", 0.8}}) {
    INFO(sampler);
    Run run(std::string(sampler) + "\nsteps = 4\nadapt_steps = 150");
    run.advance(150);
    auto& tested = *run.negatives().tested();
    const double step_size = tested.step_size();
    run.advance(3);
    CHECK(tested.step_size() == step_size);
    CHECK(std::abs(tested.acceptance(run.world()) - wanted) < 0.03);
  }
}

TEST_CASE("annealed chains start hot and end at their temperature", "[training][negatives]") {
  // x ← (1 - η/σ²) x + √(2ηT_k) ξ from N(0, v_0): the variance follows by recursion.
  constexpr int steps = 40;
  constexpr double step_size = 0.1, anneal = 5.0;
  Run run("kind = \"annealed_langevin\"\nstep_size = 0.1\nsteps = 40\nanneal = 5.0",
          "contrastive_divergence");
  run.advance(1);
  for (const std::size_t d : {0, 1}) {
    double variance = run.moments().deviation[d] * run.moments().deviation[d];
    for (int k = 0; k < steps; ++k) {
      const double shrink = 1 - step_size / (deviation[d] * deviation[d]);
      variance = shrink * shrink * variance + 2 * step_size * std::pow(anneal, 1 - k / (steps - 1.0));
    }
    CHECK(errors_of(run, d, variance) < 4);
  }
}
