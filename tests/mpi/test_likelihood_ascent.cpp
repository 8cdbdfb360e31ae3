// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "inference/likelihood_ascent.hpp"
#include "support/gaussian_simulators.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;

namespace {

/// Five steps, with quadratic features after a pilot; sizes that neither shards nor blocks divide.
State run(const comm::Communicator& communicator, AscentKind kind, FeatureKind features) {
  test::LinearGaussian simulator(3, 1.0, 0.5);
  std::vector<BoundedParameter> parameters;
  for (const simulation::Parameter& parameter : simulator.parameters())
    parameters.push_back({parameter.name, -9.0, parameter.upper});
  const Coordinates coordinates(parameters, CoordinateKind::unconstrained);
  const comm::ShardMap shards(5, communicator.size(), communicator.rank());
  const std::vector<double> truth = {0.5, -0.25, 1.0};
  const ShardedRows observations = simulate_at(communicator, shards, simulator, truth, 77, 4);
  Settings settings;
  settings.simulations = 631;
  settings.width = {0.1, 0.05, 0.08};
  settings.features = features;
  if (features == FeatureKind::quadratic) settings.width_rule = WidthRule::pilot;
  settings.network.hidden = {17, 9};
  settings.pilot_widths = {0.5, 1.0, 2.0};
  settings.ascent.kind = kind;
  LikelihoodAscent ascent(communicator, shards, simulator, coordinates, observations, settings,
                          coordinates.u(std::vector<double>{0.0, 0.0, 0.0}));
  ascent.run_pilot();
  for (int step = 0; step < 5; ++step) ascent.step();
  return ascent.state();
}

}  // namespace

TEST_CASE("The ascent on all ranks has the bits of one process", "[mpi][inference]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  for (const AscentKind kind : {AscentKind::natural, AscentKind::adam}) {
    const FeatureKind features = kind == AscentKind::adam ? FeatureKind::neural : FeatureKind::quadratic;
    const State together = run(world, kind, features), alone = run(self, kind, features);
    CHECK(together.factor == alone.factor);
    CHECK(together.trace.u == alone.trace.u);
    CHECK(together.trace.smoothed == alone.trace.smoothed);
    CHECK(together.trace.information == alone.trace.information);
    CHECK(together.moments.first == alone.moments.first);
    CHECK(together.moments.second == alone.moments.second);
  }
}
