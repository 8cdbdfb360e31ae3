// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// Number of shards of a run: `parallel.shards`, or max(1, n / 64) when that is 0, with n the batch size, or
/// the simulations of a step. It never depends
/// on the ranks.
std::int64_t resolved_shards(const RunConfig& config);

/// Temperature T of the model p(x) = exp(-E(x)/T)/Z, at which Langevin chains sample it. With contrastive
/// divergence that is `temperature`, or τ²/(2η) with η the step size when a free noise scale τ stands in
/// place of √(2ηT). The other objectives fit E itself: 1.
double langevin_temperature(const RunConfig& config);

/// Whether chains give the negative samples, started anew for every update or persistent.
bool is_contrastive_divergence(const RunConfig& config);

/// Whether chains are kept from update to update.
bool is_persistent(const RunConfig& config);

/// Whether chains take Langevin's steps without a Metropolis test.
bool is_untested(const RunConfig& config);

/// Whether chains follow Hamiltonian trajectories of several leapfrogs.
bool has_trajectories(const RunConfig& config);

/// Whether persistent chains are ladders of replicas at several temperatures.
bool is_tempered(const RunConfig& config);

/// Replicas of each chain: the levels of its ladder, or 1.
std::int64_t replicas(const RunConfig& config);

/// Whether a flow and an energy are trained against each other.
bool is_flow_contrast(const RunConfig& config);

/// Whether a flow is trained: against an energy, or alone.
bool has_flow(const RunConfig& config);

/// Whether a network is trained: always, unless a flow is the whole model.
bool has_network(const RunConfig& config);

/// Whether log Z is a parameter that is trained with the energy.
bool learns_log_z(const RunConfig& config);

/// Whether the loss of a step says nothing of a single model, because chains or a flow change with it, so
/// that score matching on held-out rows takes its place.
bool is_validated_by_score(const RunConfig& config);

/// Whether the network gives an energy; otherwise it gives the score alone.
bool has_energy(const RunConfig& config);

/// Whether the network has the noise level σ as a further input: denoising over a ladder of them.
bool is_noise_conditional(const RunConfig& config);

/// The first step, counted from 0, whose parameters are part of the estimate of infer.
std::int64_t first_tail_step(const RunConfig& config);

/// Features of a data row of D columns: D, D (D + 3) / 2, or D and an output of the network for each
/// parameter. The constant does not count.
std::int64_t feature_count(FeatureKind kind, std::int64_t columns, std::int64_t parameters);

}  // namespace ebmpi::config
