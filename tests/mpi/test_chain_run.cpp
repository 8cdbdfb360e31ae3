// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "evaluation/chain_run.hpp"
#include "training/density_model.hpp"

using namespace ebmpi;
using evaluation::ChainRun;
using evaluation::ChainSettings;
using evaluation::MoveKind;

namespace {

training::Model<float> density(const std::string& text) {
  return training::density_model<float>(training::parse_density_name("density:" + text));
}

ChainSettings settings_of(MoveKind moves, double step_size) {
  ChainSettings settings;
  settings.moves = moves;
  settings.step_size = step_size;
  settings.seed = 3;
  return settings;
}

/// First coordinates of all chains, in their order, on every rank.
std::vector<double> first_coordinates(const comm::Communicator& communicator, ChainRun<float>& run,
                                      std::size_t dimension) {
  const auto states = run.states();
  std::vector<double> own;
  for (std::size_t i = 0; i < states.x.size(); i += dimension)
    own.push_back(static_cast<double>(states.x[i]));
  return communicator.gather_all(own);
}

double share_above_zero(const std::vector<double>& values) {
  return static_cast<double>(std::ranges::count_if(values, [](double value) { return value > 0; })) /
         static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("warm-up finds the wanted acceptance", "[evaluation][chain_run]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const auto model = density("gaussian,dimension=10");
  for (const MoveKind moves : {MoveKind::mala, MoveKind::metropolis, MoveKind::hmc}) {
    ChainRun<float> run(world, model, settings_of(moves, 0.01), 500);
    run.start_from_noise();
    const double target = sampling::best_acceptance(evaluation::tested_moves(moves), 10);
    run.warm_up(300, target);
    run.states();
    run.advance(100);
    const auto states = run.states();
    std::vector<double> sums(2);
    for (const float value : states.acceptance) {
      sums[0] += static_cast<double>(value);
      sums[1] += 1;
    }
    world.sum(std::span(sums));
    CHECK(std::abs(sums[0] / sums[1] - target) < 0.03);
  }
}

TEST_CASE("tempering fills both wells in the predicted ratio, where chains alone do not",
          "[evaluation][chain_run]") {
  // Wells of shares 1/3 and 2/3 around -2 and 2, with a barrier of 22 between them.
  const comm::Communicator world(MPI_COMM_WORLD);
  const auto model = density("gaussian_mixture,dimension=1,noise=0.3");
  constexpr std::int64_t chains = 2000;
  const auto share_after = [&](const std::vector<double>& hotter) {
    ChainSettings settings = settings_of(MoveKind::hmc, 0.2);
    settings.hotter = hotter;
    ChainRun<float> run(world, model, settings, chains);
    run.start_from_positions(
        std::vector<float>(static_cast<std::size_t>(chains * settings.replicas()), -2.0f));
    run.warm_up(100, 0.8);
    run.advance(600);
    return share_above_zero(first_coordinates(world, run, 1));
  };
  const double error = std::sqrt(2.0 / 9.0 / chains);
  CHECK(std::abs(share_after({3.0, 9.0, 30.0}) - 2.0 / 3.0) < 4 * error);
  CHECK(share_after({}) < 0.05);  // alone they hardly leave where they start
}

TEST_CASE("chains are the same on any number of ranks, and go on exactly", "[evaluation][chain_run]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  const auto model = density("double_well,dimension=3,noise=0.5");
  constexpr std::int64_t chains = 101;
  for (const MoveKind moves : {MoveKind::langevin, MoveKind::mala, MoveKind::metropolis, MoveKind::hmc}) {
    for (const bool tempered : {false, true}) {
      if (tempered && moves == MoveKind::langevin) continue;
      ChainSettings settings = settings_of(moves, 0.05);
      settings.box = 0.5;
      if (tempered) settings.hotter = {2.0, 4.0, 8.0};
      const auto run_on = [&](const comm::Communicator& communicator, bool stop_between) {
        ChainRun<float> run(communicator, model, settings, chains);
        run.start_from_noise();
        run.warm_up(20, 0.7);
        run.advance(80);
        run.states();
        if (!stop_between) {
          run.advance(35);
          return first_coordinates(communicator, run, 3);
        }
        // What `ebmpi sample --chains` does, without the file.
        const auto progress = run.progress();
        const std::vector<float> own = run.positions();
        const std::vector<double> all = communicator.gather_all(std::vector<double>(own.begin(), own.end()));
        ChainRun<float> next(communicator, model, settings, chains);
        next.start_from_positions(std::vector<float>(all.begin(), all.end()));
        next.go_on(progress);
        next.advance(35);
        return first_coordinates(communicator, next, 3);
      };
      const auto alone = run_on(self, false);
      CHECK(run_on(world, false) == alone);
      CHECK(run_on(world, true) == alone);
    }
  }
}
