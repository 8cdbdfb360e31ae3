// SPDX-License-Identifier: Apache-2.0
#include "training/contrast_noise.hpp"

#include "data/fit_mixture.hpp"

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

template <class Scalar>
sampling::NoiseModel<Scalar> fit(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                 const config::RunConfig& config, const data::TrainingData<Scalar>& data) {
  const config::ObjectiveSection& section = config.objective;
  if (section.noise == config::NoiseKind::uniform)
    return sampling::NoiseModel<Scalar>(box_around(data.moments()));
  data::MixtureSettings settings;
  settings.components = section.noise == config::NoiseKind::mixture ? section.noise_components : 1;
  settings.covariance = section.noise_covariance == config::CovarianceKind::full ? data::Covariance::full
                                                                                 : data::Covariance::diagonal;
  settings.seed = static_cast<std::uint64_t>(config.run.seed);
  const data::GaussianMixture mixture = data::fit_mixture(communicator, shards, data, settings);
  return sampling::NoiseModel<Scalar>(
      sampling::NoiseMixture{mixture.weights, mixture.means, mixture.factors});
}

}  // namespace

template <class Scalar>
ContrastNoise<Scalar>::ContrastNoise(const comm::Communicator& communicator, const comm::ShardMap& shards,
                                     const config::RunConfig& config, const data::TrainingData<Scalar>& data)
    : model_(fit(communicator, shards, config, data)),
      key_(core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::noise_samples)) {}

template <class Scalar>
void ContrastNoise<Scalar>::draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
                                 const Buffer& log_density) const {
  sampling::draw_noise(core::ExecutionSpace(), model_.view(), key_, step, first_number, x, log_density);
}

template <class Scalar>
void ContrastNoise<Scalar>::log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const {
  sampling::noise_log_density(core::ExecutionSpace(), model_.view(), x, log_density);
}

template class ContrastNoise<float>;
template class ContrastNoise<double>;

}  // namespace ebmpi::training
