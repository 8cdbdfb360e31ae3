// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "training/metrics.hpp"
#include "training/negatives.hpp"

namespace ebmpi::training {

/// Metrics of the chains of a run, without their values.
ChainMetrics chain_form(const config::RunConfig& config);

/// Figures of the chains after `step`, whose negatives are `x` (rows, D). Collective; the same bits on any
/// number of ranks.
template <class Scalar>
ChainMetrics measure_chains(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            const config::RunConfig& config, const data::ModelSpaceMoments& moments,
                            const core::Rows<Scalar>& x, std::int64_t step,
                            const Negatives<Scalar>& negatives);

/// Pearson's correlation of pairs (a, b) from Σ1, Σa, Σb, Σa², Σb², Σab; NaN of fewer than 3 pairs.
double correlation(double count, double a, double b, double aa, double bb, double ab);

/// How often object `object` of a slice was served in the steps up to `step`.
std::int64_t visits_until(const core::BatchSlot& slot, std::int64_t object, std::int64_t step);

}  // namespace ebmpi::training
