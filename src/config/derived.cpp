// SPDX-License-Identifier: Apache-2.0
#include "config/derived.hpp"

#include <algorithm>
#include <cmath>

namespace ebmpi::config {

std::int64_t resolved_shards(const RunConfig& config) {
  if (config.parallel.shards > 0) return config.parallel.shards;
  const std::int64_t work =
      config.program == Program::infer ? config.inference.simulations : config.optimizer.batch_size;
  return std::max<std::int64_t>(1, work / 64);
}

double langevin_temperature(const RunConfig& config) {
  if (!is_contrastive_divergence(config)) return 1.0;
  const SamplerSection& sampler = config.sampler;
  if (sampler.noise_scale > 0.0) return sampler.noise_scale * sampler.noise_scale / (2.0 * sampler.step_size);
  return sampler.temperature;
}

bool is_contrastive_divergence(const RunConfig& config) {
  return is_persistent(config) || config.objective.kind == ObjectiveKind::contrastive_divergence;
}

bool is_persistent(const RunConfig& config) {
  return config.objective.kind == ObjectiveKind::persistent_contrastive_divergence;
}

bool is_untested(const RunConfig& config) {
  return config.sampler.kind == SamplerKind::langevin ||
         config.sampler.kind == SamplerKind::annealed_langevin;
}

bool has_trajectories(const RunConfig& config) {
  const SamplerSection& sampler = config.sampler;
  return sampler.kind == SamplerKind::hmc ||
         (sampler.kind == SamplerKind::parallel_tempering && sampler.moves == LadderMoves::hmc);
}

bool is_tempered(const RunConfig& config) {
  return is_persistent(config) && config.sampler.kind == SamplerKind::parallel_tempering;
}

std::int64_t replicas(const RunConfig& config) {
  return is_tempered(config) ? config.sampler.levels : 1;
}

bool is_flow_contrast(const RunConfig& config) {
  return config.objective.kind == ObjectiveKind::flow_contrastive_estimation;
}

bool has_flow(const RunConfig& config) {
  return is_flow_contrast(config) || !has_network(config);
}

bool has_network(const RunConfig& config) {
  return config.objective.kind != ObjectiveKind::flow_maximum_likelihood;
}

bool learns_log_z(const RunConfig& config) {
  return is_flow_contrast(config) || (config.objective.kind == ObjectiveKind::noise_contrastive_estimation &&
                                      config.objective.contrast == NoiseContrast::binary);
}

bool is_validated_by_score(const RunConfig& config) {
  return is_contrastive_divergence(config) || is_flow_contrast(config);
}

bool has_energy(const RunConfig& config) {
  return config.network.kind != NetworkKind::score_mlp;
}

bool is_noise_conditional(const RunConfig& config) {
  return config.objective.kind == ObjectiveKind::denoising_score_matching && !config.objective.sigmas.empty();
}

std::int64_t first_tail_step(const RunConfig& config) {
  const auto steps = static_cast<double>(config.run.steps);
  return config.run.steps - static_cast<std::int64_t>(std::ceil(config.inference.tail * steps));
}

std::int64_t feature_count(FeatureKind kind, std::int64_t columns, std::int64_t parameters) {
  switch (kind) {
    case FeatureKind::linear:
      return columns;
    case FeatureKind::quadratic:
      return columns * (columns + 3) / 2;
    case FeatureKind::neural:
      break;
  }
  return columns + parameters;
}

RunConfig default_config(Program program) {
  RunConfig config;
  config.program = program;
  if (program == Program::train) return config;
  config.run.steps = 500;
  config.run.log_every = 10;
  config.run.checkpoint_every = 100;
  config.data.count = 1000;
  config.network.hidden = {64, 64};
  return config;
}

}  // namespace ebmpi::config
