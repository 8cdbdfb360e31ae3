// SPDX-License-Identifier: Apache-2.0
#include "training/settings.hpp"

#include <cmath>

#include "config/derived.hpp"
#include "core/error.hpp"

namespace ebmpi::training {

network::MlpShape mlp_shape(const config::RunConfig& config, int dimension) {
  const config::NetworkSection& network = config.network;
  return {dimension + (config::is_noise_conditional(config) ? 1 : 0),
          {network.hidden.begin(), network.hidden.end()},
          network.activation,
          config::has_energy(config) ? 1 : dimension,
          config::learns_log_z(config) ? network::LogNormalizer::learned : network::LogNormalizer::none};
}

network::FlowShape flow_shape(const config::RunConfig& config, int dimension) {
  const config::FlowSection& flow = config.flow;
  return {dimension,
          static_cast<int>(flow.couplings),
          {flow.hidden.begin(), flow.hidden.end()},
          flow.activation,
          flow.mixing == config::MixingKind::linear ? network::Mixing::linear : network::Mixing::permutation};
}

bool needs_noise(const config::RunConfig& config) {
  if (config::is_flow_contrast(config)) return true;
  return config.objective.kind == config::ObjectiveKind::noise_contrastive_estimation &&
         config.objective.contrast != config::NoiseContrast::conditional;
}

std::int64_t negative_rows(const config::RunConfig& config, std::int64_t data_rows) {
  if (config::is_contrastive_divergence(config) || config::is_flow_contrast(config)) return data_rows;
  if (!needs_noise(config)) return 0;
  return std::llround(config.objective.noise_ratio * static_cast<double>(data_rows));
}

std::int64_t background_rows(const config::RunConfig& config, std::int64_t data_rows) {
  if (!config::is_flow_contrast(config)) return 0;
  return std::llround(config.objective.background * static_cast<double>(data_rows));
}

bool has_negative_blocks(const config::RunConfig& config) {
  return config::is_contrastive_divergence(config) || config::is_flow_contrast(config) ||
         (needs_noise(config) && config.objective.contrast == config::NoiseContrast::binary);
}

std::vector<optimizer::MatrixSlice> weight_matrices(const network::ParameterLayout& layout) {
  std::vector<optimizer::MatrixSlice> matrices;
  for (const network::ParameterTensor& tensor : layout.tensors()) {
    const bool is_weight = tensor.name.ends_with(".weight");  // not the mixing of a flow
    if (is_weight) matrices.push_back({tensor.offset, tensor.shape[0], tensor.shape[1]});
  }
  return matrices;
}

sampling::LangevinSettings langevin_settings(const config::RunConfig& config) {
  const config::SamplerSection& sampler = config.sampler;
  const double temperature = config::langevin_temperature(config);
  return {static_cast<int>(sampler.steps), sampler.step_size,
          std::sqrt(2.0 * sampler.step_size * temperature), sampler.gradient_clip,
          sampler.kind == config::SamplerKind::annealed_langevin ? sampler.anneal : 1.0};
}

sampling::Moves moves(const config::RunConfig& config) {
  using config::LadderMoves;
  using config::SamplerKind;
  const bool tempered = config.sampler.kind == SamplerKind::parallel_tempering;
  const auto is = [&](SamplerKind kind, LadderMoves moves) {
    return tempered ? config.sampler.moves == moves : config.sampler.kind == kind;
  };
  if (is(SamplerKind::hmc, LadderMoves::hmc)) return sampling::Moves::hmc;
  return is(SamplerKind::metropolis, LadderMoves::metropolis) ? sampling::Moves::metropolis
                                                              : sampling::Moves::mala;
}

optimizer::Settings optimizer_settings(const config::OptimizerSection& optimizer) {
  const bool adam = optimizer.kind == config::OptimizerKind::adam;
  return {adam ? optimizer::Kind::adam : optimizer::Kind::sgd, optimizer.beta1, optimizer.beta2,
          optimizer.epsilon, optimizer.momentum};
}

optimizer::RegularizerSettings regularizer_settings(const config::OptimizerSection& optimizer) {
  return {optimizer.weight_decay, optimizer.l1};
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
  result.window = config.data.window;
  result.seed = static_cast<std::uint64_t>(config.run.seed);
  return result;
}

std::unique_ptr<data::SampleSource> open_source(const comm::Communicator& communicator,
                                                const config::RunConfig& config) {
  const config::DataSection& section = config.data;
  if (!section.file.empty()) {
    std::unique_ptr<data::SampleSource> source =
        data::open_file_source(communicator, section.file, section.dataset);
    if (config::has_flow(config) && source->columns() < 2) {
      throw core::InputError(
          section.file + ":/" + section.dataset +
          " has one column (a coupling of a flow moves some coordinates by what the others are, so that it "
          "needs two); use another objective.kind");
    }
    return source;
  }
  return data::make_density_source(section.density, section.dimension, section.noise, section.count,
                                   static_cast<std::uint64_t>(config.run.seed));
}

}  // namespace ebmpi::training
