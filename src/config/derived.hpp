// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// Number of shards of a run: `parallel.shards`, or max(1, batch_size / 64) when that is 0. It never depends
/// on the ranks.
std::int64_t resolved_shards(const RunConfig& config);

/// Temperature T that the Langevin chains sample at: `temperature`, or τ²/(2η) with η the step size when a
/// free noise scale τ stands in place of √(2ηT).
double langevin_temperature(const SamplerSection& sampler);

}  // namespace ebmpi::config
