// SPDX-License-Identifier: Apache-2.0
#include "training/settings.hpp"

#include <cmath>

#include "config/derived.hpp"

namespace ebmpi::training {

network::MlpShape mlp_shape(const config::NetworkSection& network, int inputs) {
  return {inputs, {network.hidden.begin(), network.hidden.end()}, network.activation};
}

sampling::LangevinSettings langevin_settings(const config::RunConfig& config) {
  const config::SamplerSection& sampler = config.sampler;
  const double temperature = config::langevin_temperature(config);
  return {static_cast<int>(sampler.steps), sampler.step_size,
          std::sqrt(2.0 * sampler.step_size * temperature), sampler.gradient_clip};
}

optimizer::Settings optimizer_settings(const config::OptimizerSection& optimizer) {
  const bool adam = optimizer.kind == config::OptimizerKind::adam;
  return {adam ? optimizer::Kind::adam : optimizer::Kind::sgd, optimizer.beta1, optimizer.beta2,
          optimizer.epsilon, optimizer.momentum};
}

optimizer::Schedule schedule(const config::RunConfig& config) {
  const config::OptimizerSection& section = config.optimizer;
  optimizer::Schedule result;
  switch (section.schedule) {
    case config::ScheduleKind::constant:
      result.kind = optimizer::ScheduleKind::constant;
      break;
    case config::ScheduleKind::cosine:
      result.kind = optimizer::ScheduleKind::cosine;
      break;
    case config::ScheduleKind::step:
      result.kind = optimizer::ScheduleKind::step;
      break;
  }
  result.learning_rate = section.learning_rate;
  result.steps = config.run.steps;
  result.warmup_steps = section.warmup_steps;
  result.decay_every = section.decay_every;
  result.decay_factor = section.decay_factor;
  result.final_fraction = section.final_fraction;
  return result;
}

data::Preparation preparation(const config::RunConfig& config) {
  data::Preparation result;
  result.standardize = config.data.standardize;
  result.pca = config.data.pca;
  result.validation_fraction = config.data.validation_fraction;
  result.jitter = config.data.jitter;
  result.seed = static_cast<std::uint64_t>(config.run.seed);
  return result;
}

std::unique_ptr<data::SampleSource> open_source(const comm::Communicator& communicator,
                                                const config::RunConfig& config) {
  const config::DataSection& section = config.data;
  if (!section.file.empty()) return data::open_file_source(communicator, section.file, section.dataset);
  return data::make_density_source(section.density, section.dimension, section.noise, section.count,
                                   static_cast<std::uint64_t>(config.run.seed));
}

}  // namespace ebmpi::training
