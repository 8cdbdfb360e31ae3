// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "inference/coordinates.hpp"
#include "inference/features.hpp"
#include "inference/likelihood_ascent.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::inference {

// The sections of a RunConfig as the settings that the others work with. All throw core::InputError where the
// config does not fit the simulator.

/// Collective, since an external simulator may fail to start on one rank.
std::unique_ptr<simulation::Simulator> make_simulator(const comm::Communicator& communicator,
                                                      const config::RunConfig& config);
/// Of the simulator's parameters, within the config's bounds where it has any.
Coordinates make_coordinates(const config::RunConfig& config, const simulation::Simulator& simulator);
/// θ (d) where the ascent starts, strictly within the bounds.
std::vector<double> start_of(const config::RunConfig& config, const Coordinates& coordinates,
                             const simulation::Simulator& simulator);
Settings make_settings(const config::RunConfig& config, std::size_t parameters);
/// Rows of the data file, or simulated at the truth; this rank's shards of them. Collective; throws
/// core::InputError and core::FileError.
ShardedRows load_observations(const comm::Communicator& communicator, const comm::ShardMap& shards,
                              const config::RunConfig& config, simulation::Simulator& simulator,
                              const Coordinates& coordinates);
/// Throws core::InputError where `theta` has another length than the parameters, or is not strictly within
/// their bounds. `name` says where it was given.
void require_inside(const std::string& name, std::span<const double> theta, const Coordinates& coordinates);

}  // namespace ebmpi::inference
