// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/derived.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/mlp.hpp"
#include "optimizer/optimizer.hpp"
#include "optimizer/schedule.hpp"
#include "sampling/langevin.hpp"

namespace ebmpi::training {

// The sections of a RunConfig as the settings that each folder works with: those folders know nothing of
// config files.

network::MlpShape mlp_shape(const config::NetworkSection& network, int inputs);
sampling::LangevinSettings langevin_settings(const config::RunConfig& config);
optimizer::Settings optimizer_settings(const config::OptimizerSection& optimizer);
optimizer::Schedule schedule(const config::RunConfig& config);
data::Preparation preparation(const config::RunConfig& config);
/// The run's samples, opened but not read. Collective.
std::unique_ptr<data::SampleSource> open_source(const comm::Communicator& communicator,
                                                const config::RunConfig& config);

using config::is_persistent;

}  // namespace ebmpi::training
