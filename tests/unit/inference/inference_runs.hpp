// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

#include <vector>

#include "inference/estimate.hpp"
#include "inference/likelihood_ascent.hpp"
#include "support/gaussian_simulators.hpp"

namespace ebmpi::test {

inline inference::Coordinates coordinates_of(const simulation::Simulator& simulator) {
  std::vector<inference::BoundedParameter> parameters;
  for (const auto& parameter : simulator.parameters())
    parameters.push_back({parameter.name, parameter.lower, parameter.upper});
  return {parameters, inference::CoordinateKind::unconstrained};
}

inline std::vector<double> column_means(const inference::ShardedRows& rows) {
  std::vector<double> mean(static_cast<std::size_t>(rows.columns), 0.0);
  for (std::int64_t row = 0; row < rows.total; ++row) {
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += rows.row(row)[i] / static_cast<double>(rows.total);
  }
  return mean;
}

/// A whole run in this process, from `start` (θ), and its estimate from the last half.
inline inference::Estimate infer(simulation::Simulator& simulator, const inference::ShardedRows& observations,
                                 const inference::Settings& settings, std::vector<double> start,
                                 std::int64_t steps) {
  const comm::Communicator self(MPI_COMM_SELF);
  const comm::ShardMap shards(3, 1, 0);
  const inference::Coordinates coordinates = coordinates_of(simulator);
  inference::LikelihoodAscent ascent(self, shards, simulator, coordinates, observations, settings,
                                     coordinates.u(start));
  ascent.run_pilot();
  for (std::int64_t step = 0; step < steps; ++step) ascent.step();
  return inference::estimate_from(ascent.state().trace, steps / 2, coordinates, observations.total, 0.95);
}

/// `count` rows at θ.
inline inference::ShardedRows observe(simulation::Simulator& simulator, std::span<const double> theta,
                                      std::int64_t count, std::uint64_t seed) {
  const comm::Communicator self(MPI_COMM_SELF);
  return inference::simulate_at(self, {3, 1, 0}, simulator, theta, count, seed);
}

}  // namespace ebmpi::test
