// SPDX-License-Identifier: Apache-2.0
#include "training/contrast_noise.hpp"

#include "config/parse.hpp"
#include "config/write.hpp"
#include "data/fit_mixture.hpp"
#include "io/file_reader.hpp"
#include "network/flow_density.hpp"
#include "training/stored_flow.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {
namespace {

/// How far the uniform box reaches beyond the data, as a share of their range on either side.
constexpr double box_margin = 0.1;

sampling::NoiseBox box_around(const data::ModelSpaceMoments& moments) {
  sampling::NoiseBox box;
  for (std::size_t d = 0; d < moments.minimum.size(); ++d) {
    const double range = moments.maximum[d] - moments.minimum[d];
    const double margin = range > 0.0 ? box_margin * range : 1.0;
    box.minimum.push_back(moments.minimum[d] - margin);
    box.maximum.push_back(moments.maximum[d] + margin);
  }
  return box;
}

/// Weight of the Gaussian of all data beside a mixture. Where neither data nor noise have samples nothing
/// holds the energy up, and a mixture that fits well leaves just such gaps: a broad component closes them (a
/// defensive mixture, Hesterberg 1995, doi:10.1080/00401706.1995.10484303).
constexpr double background_weight = 0.25;

void append(const data::GaussianMixture& from, double weight, sampling::NoiseMixture& to) {
  for (const double w : from.weights) to.weights.push_back(weight * w);
  to.means.insert(to.means.end(), from.means.begin(), from.means.end());
  to.factors.insert(to.factors.end(), from.factors.begin(), from.factors.end());
}

template <class Scalar>
sampling::NoiseModel<Scalar> fit(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                 const config::RunConfig& config, const data::TrainingData<Scalar>& data) {
  const config::ObjectiveSection& section = config.objective;
  if (section.noise == config::NoiseKind::uniform)
    return sampling::NoiseModel<Scalar>(box_around(data.moments()));
  data::MixtureSettings settings;
  settings.covariance = section.noise_covariance == config::CovarianceKind::full ? data::Covariance::full
                                                                                 : data::Covariance::diagonal;
  settings.seed = static_cast<std::uint64_t>(config.run.seed);
  const bool is_mixture = section.noise == config::NoiseKind::mixture;
  sampling::NoiseMixture noise;
  append(data::fit_mixture(communicator, shards, data, settings), is_mixture ? background_weight : 1.0,
         noise);
  if (is_mixture) {
    settings.components = section.noise_components;
    append(data::fit_mixture(communicator, shards, data, settings), 1.0 - background_weight, noise);
  }
  return sampling::NoiseModel<Scalar>(noise);
}

}  // namespace

template <class Scalar>
ContrastNoise<Scalar>::ContrastNoise(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                     const config::RunConfig& config, const data::TrainingData<Scalar>& data,
                                     const std::string& checkpoint)
    : key_(core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::noise_samples)) {
  if (config.objective.noise == config::NoiseKind::flow) {
    read_flow_noise(communicator, config, data, checkpoint);
    const double weight = config.objective.background;
    if (weight == 0.0) return;
    // A stream of its own: the flow draws with the other key.
    broad_.emplace(data.moments(), core::stream_key(static_cast<std::uint64_t>(config.run.seed),
                                                    core::Purpose::flow_samples));
    broad_share_ = weight / (1.0 + weight);
  } else {
    model_ = fit(communicator, shards, config, data);
  }
}

template <class Scalar>
void ContrastNoise<Scalar>::read_flow_noise(const comm::Communicator& communicator,
                                            const config::RunConfig& config,
                                            const data::TrainingData<Scalar>& data,
                                            const std::string& checkpoint) {
  if (checkpoint.empty()) {
    const std::string& path = config.objective.noise_flow;
    const StoredFlow<Scalar> stored = read_stored_flow<Scalar>(communicator, path);
    flow_ = seen_from(stored, data.transform(), path);
    flow_config_ = config::to_toml(stored.run);
  } else {
    const io::FileReader file(communicator, checkpoint);
    flow_config_ = file.read_text("/noise_flow/config");
    const config::RunConfig run = config::parse_config(flow_config_, checkpoint + ":/noise_flow/config");
    flow_ = read_flow<Scalar>(file, "/noise_flow", run, data.dimension());
  }
}

/// With the broad noise, where there is any.
template <class Scalar>
void ContrastNoise<Scalar>::blend(const core::Rows<Scalar>& x, const Buffer& log_density) const {
  if (broad_) broad_->blend(1.0 - broad_share_, broad_share_, x, log_density);
}

template <class Scalar>
void ContrastNoise<Scalar>::write(io::FileWriter& file) const {
  if (!flow_) return;
  file.write_text("/noise_flow/config", flow_config_);
  write_tensors(file, "/noise_flow", flow_->layout(), flow_->parameters());
}

template <class Scalar>
void ContrastNoise<Scalar>::draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
                                 const Buffer& log_density) const {
  const core::ExecutionSpace space;
  if (flow_) {
    network::draw_flow(space, flow_->view(), key_, step, first_number, x, log_density);
    if (!broad_) return;
    broad_->draw(broad_share_, step, first_number, x);
    return this->log_density(x, log_density);
  }
  sampling::draw_noise(space, model_->view(), key_, step, first_number, x, log_density);
}

template <class Scalar>
void ContrastNoise<Scalar>::log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const {
  const core::ExecutionSpace space;
  if (flow_) {
    network::flow_log_density(space, flow_->view(), x, log_density);
    return blend(x, log_density);
  }
  sampling::noise_log_density(space, model_->view(), x, log_density);
}

template class ContrastNoise<float>;
template class ContrastNoise<double>;

}  // namespace ebmpi::training
