// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/derived.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/flow.hpp"
#include "network/mlp.hpp"
#include "optimizer/optimizer.hpp"
#include "optimizer/schedule.hpp"
#include "optimizer/weight_regularizer.hpp"
#include "sampling/langevin.hpp"
#include "sampling/moves.hpp"

namespace ebmpi::training {

// The sections of a RunConfig as the settings that each folder works with: those folders know nothing of
// config files.

/// The network of a run on samples with `dimension` coordinates: an energy, or the D numbers of a score; with
/// an input more where it is told σ, and the log normaliser where it is learned.
network::MlpShape mlp_shape(const config::RunConfig& config, int dimension);
/// The flow of a run.
network::FlowShape flow_shape(const config::RunConfig& config, int dimension);
sampling::LangevinSettings langevin_settings(const config::RunConfig& config);
/// How chains with a Metropolis test move.
sampling::Moves moves(const config::RunConfig& config);
optimizer::Settings optimizer_settings(const config::OptimizerSection& optimizer);
optimizer::RegularizerSettings regularizer_settings(const config::OptimizerSection& optimizer);
optimizer::Schedule schedule(const config::RunConfig& config);
data::Preparation preparation(const config::RunConfig& config);
/// The run's samples, opened but not read. Collective. Throws core::InputError where a flow is to be trained on
/// a file of one column.
std::unique_ptr<data::SampleSource> open_source(const comm::Communicator& communicator,
                                                const config::RunConfig& config);

/// Where the run's negatives are samples whose density is known: of a noise distribution, or of the flow that
/// is trained.
bool needs_noise(const config::RunConfig& config);
/// Rows of negatives that go with `data_rows` of data in the batch buffer, over all ranks: chains, or noise.
std::int64_t negative_rows(const config::RunConfig& config, std::int64_t data_rows);
/// Rows of the batch buffer behind these, of the broad distribution that the energy of a flow contrast is
/// told from the data as well.
std::int64_t background_rows(const config::RunConfig& config, std::int64_t data_rows);
/// Negatives that stand beside their own data row in a tile come in no blocks of their own.
bool has_negative_blocks(const config::RunConfig& config);
/// The weight matrices of a network in its flat buffer.
std::vector<optimizer::MatrixSlice> weight_matrices(const network::ParameterLayout& layout);

using config::is_persistent;

}  // namespace ebmpi::training
