// SPDX-License-Identifier: Apache-2.0
#include "config/derived.hpp"

#include <algorithm>

namespace ebmpi::config {

std::int64_t resolved_shards(const RunConfig& config) {
  if (config.parallel.shards > 0) return config.parallel.shards;
  return std::max<std::int64_t>(1, config.optimizer.batch_size / 64);
}

double langevin_temperature(const SamplerSection& sampler) {
  if (sampler.noise_scale > 0.0) return sampler.noise_scale * sampler.noise_scale / (2.0 * sampler.step_size);
  return sampler.temperature;
}

}  // namespace ebmpi::config
