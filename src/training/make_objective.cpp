// SPDX-License-Identifier: Apache-2.0
#include "training/make_objective.hpp"

#include "config/derived.hpp"
#include "objective/conditional_contrast.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "objective/score_matching.hpp"
#include "objective/score_network.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {
namespace {

template <class Scalar>
using ObjectivePointer = std::unique_ptr<objective::Objective<Scalar>>;

core::PhiloxKey key_for(const config::RunConfig& config, core::Purpose purpose) {
  return core::stream_key(static_cast<std::uint64_t>(config.run.seed), purpose);
}

template <class Scalar>
objective::Regularization<Scalar> regularization(const config::ObjectiveSection& section) {
  return {static_cast<Scalar>(section.energy_regularization), static_cast<Scalar>(section.gradient_penalty)};
}

objective::ScoreMatchingSettings exact_settings() {
  return {};
}

objective::ScoreMatchingSettings sliced_settings(const config::RunConfig& config) {
  const config::ObjectiveSection& section = config.objective;
  return {
      section.directions == config::DirectionKind::gaussian ? objective::Directions::gaussian
                                                            : objective::Directions::rademacher,
      section.variance_reduction ? objective::SquaredScore::whole : objective::SquaredScore::along_directions,
      static_cast<int>(section.projections), key_for(config, core::Purpose::projections)};
}

objective::DenoisingSettings denoising_settings(const config::RunConfig& config) {
  const config::ObjectiveSection& section = config.objective;
  return {section.sigmas.empty() ? std::vector<double>{section.sigma} : section.sigmas,
          section.sigma_weighting == config::SigmaWeighting::uniform ? objective::LevelWeight::uniform
                                                                     : objective::LevelWeight::variance,
          section.antithetic ? objective::Pairing::antithetic : objective::Pairing::single,
          key_for(config, core::Purpose::perturbation)};
}

template <class Scalar>
ObjectivePointer<Scalar> make_contrast(const config::RunConfig& config) {
  const config::ObjectiveSection& section = config.objective;
  const auto regularizer = regularization<Scalar>(section);
  const int whole_ratio = static_cast<int>(std::lround(section.noise_ratio));
  switch (section.contrast) {
    case config::NoiseContrast::binary: {
      // What the batch has, which is a whole number of noise samples.
      const auto batch = config.optimizer.batch_size;
      const double ratio = static_cast<double>(negative_rows(config, batch)) / static_cast<double>(batch);
      return objective::make_noise_contrast<Scalar>(ratio, regularizer);
    }
    case config::NoiseContrast::ranking:
      return objective::make_ranking_contrast<Scalar>(whole_ratio, regularizer);
    case config::NoiseContrast::conditional:
      return objective::make_conditional_contrast<Scalar>(whole_ratio, section.conditional_scale,
                                                          key_for(config, core::Purpose::group_perturbation),
                                                          regularizer);
  }
  return nullptr;
}

template <class Scalar>
ObjectivePointer<Scalar> make_energy_discrepancy(const config::RunConfig& config) {
  const config::ObjectiveSection& section = config.objective;
  return objective::make_energy_discrepancy<Scalar>(
      {section.diffusion_time, static_cast<int>(section.perturbations), section.stabilization,
       key_for(config, core::Purpose::perturbation), key_for(config, core::Purpose::group_perturbation)},
      regularization<Scalar>(section));
}

/// Objectives of a network that gives the score itself.
template <class Scalar>
ObjectivePointer<Scalar> make_score_objective(const config::RunConfig& config,
                                              const network::MlpShape& shape) {
  switch (config.objective.kind) {
    case config::ObjectiveKind::denoising_score_matching:
      return objective::make_score_network_denoising<Scalar>(denoising_settings(config));
    case config::ObjectiveKind::sliced_score_matching:
      return objective::make_score_network_matching<Scalar>(sliced_settings(config), shape);
    default:
      return objective::make_score_network_matching<Scalar>(exact_settings(), shape);
  }
}

}  // namespace

template <class Scalar>
ObjectivePointer<Scalar> make_objective(const config::RunConfig& config, const network::MlpShape& shape) {
  if (!config::has_energy(config)) return make_score_objective<Scalar>(config, shape);
  const auto regularizer = regularization<Scalar>(config.objective);
  switch (config.objective.kind) {
    case config::ObjectiveKind::contrastive_divergence:
    case config::ObjectiveKind::persistent_contrastive_divergence:
      return objective::make_contrastive_divergence<Scalar>(regularizer);
    case config::ObjectiveKind::score_matching:
      return objective::make_score_matching<Scalar>(exact_settings(), shape, regularizer);
    case config::ObjectiveKind::sliced_score_matching:
      return objective::make_score_matching<Scalar>(sliced_settings(config), shape, regularizer);
    case config::ObjectiveKind::denoising_score_matching:
      return objective::make_denoising<Scalar>(denoising_settings(config), regularizer);
    case config::ObjectiveKind::noise_contrastive_estimation:
      return make_contrast<Scalar>(config);
    case config::ObjectiveKind::flow_contrastive_estimation:
      return objective::make_noise_contrast<Scalar>(1.0, regularizer);
    case config::ObjectiveKind::flow_maximum_likelihood:
      return nullptr;  // no network is trained
    case config::ObjectiveKind::energy_discrepancy:
      return make_energy_discrepancy<Scalar>(config);
  }
  return nullptr;
}

template ObjectivePointer<float> make_objective(const config::RunConfig&, const network::MlpShape&);
template ObjectivePointer<double> make_objective(const config::RunConfig&, const network::MlpShape&);

}  // namespace ebmpi::training
