// SPDX-License-Identifier: Apache-2.0
#include "config/derived.hpp"
#include "config/key_entries.hpp"

namespace ebmpi::config {

namespace {

constexpr auto objective = &RunConfig::objective;

constexpr Condition with_energy = {has_energy, "network.kind", "applies only with network.kind = \"mlp\"",
                                   "remove it: a score network has no energy"};
constexpr Condition with_sliced = {objective_is<ObjectiveKind::sliced_score_matching>, "objective.kind",
                                   "applies only with objective.kind = \"sliced_score_matching\"",
                                   "remove it"};
constexpr Condition with_denoising = {objective_is<ObjectiveKind::denoising_score_matching>, "objective.kind",
                                      "applies only with objective.kind = \"denoising_score_matching\"",
                                      "remove it"};
constexpr Condition with_noise_contrast = {
    objective_is<ObjectiveKind::noise_contrastive_estimation>, "objective.kind",
    "applies only with objective.kind = \"noise_contrastive_estimation\"", "remove it"};
constexpr Condition with_flow_contrast = {
    is_flow_contrast, "objective.kind", "applies only with objective.kind = \"flow_contrastive_estimation\"",
    "remove it"};
constexpr Condition with_network = {has_network, "objective.kind",
                                    "does not apply with objective.kind = \"flow_maximum_likelihood\"",
                                    "remove it: the density of a flow has no free level"};
constexpr Condition with_flow_samples = {
    [](const RunConfig& config) {
      return is_flow_contrast(config) ||
             (config.objective.kind == ObjectiveKind::noise_contrastive_estimation &&
              config.objective.contrast != NoiseContrast::conditional &&
              config.objective.noise == NoiseKind::flow);
    },
    "objective.kind",
    "applies only with objective.kind = \"flow_contrastive_estimation\", or noise contrast with noise = "
    "\"flow\"",
    "remove it: other noise is as broad as the data"};
constexpr Condition with_discrepancy = {objective_is<ObjectiveKind::energy_discrepancy>, "objective.kind",
                                        "applies only with objective.kind = \"energy_discrepancy\"",
                                        "remove it"};

constexpr Condition without_sigmas = {
    [](const RunConfig& config) { return config.objective.sigmas.empty(); }, "objective.sigmas",
    "applies only without sigmas, which stand in its place", "give sigma or sigmas, not both"};
constexpr Condition with_sigmas = {[](const RunConfig& config) { return !config.objective.sigmas.empty(); },
                                   "objective.sigmas", "applies only with sigmas",
                                   "remove it: the weight of a single noise level is a factor of the loss"};

constexpr Condition with_noise_density = {
    [](const RunConfig& config) { return config.objective.contrast != NoiseContrast::conditional; },
    "objective.contrast", "applies only with objective.contrast = \"binary\" or \"ranking\"",
    "remove it: conditional contrast moves the data themselves; use conditional_scale to say how far"};
constexpr Condition with_conditional_contrast = {
    [](const RunConfig& config) { return config.objective.contrast == NoiseContrast::conditional; },
    "objective.contrast", "applies only with objective.contrast = \"conditional\"", "remove it"};
constexpr Condition with_mixture_noise = {
    [](const RunConfig& config) { return config.objective.noise == NoiseKind::mixture; }, "objective.noise",
    "applies only with objective.noise = \"mixture\"", "remove it"};
constexpr Condition with_gaussian_noise = {
    [](const RunConfig& config) {
      return config.objective.noise == NoiseKind::gaussian || config.objective.noise == NoiseKind::mixture;
    },
    "objective.noise", "applies only with objective.noise = \"gaussian\" or \"mixture\"", "remove it"};

constexpr Condition with_flow_noise = {
    [](const RunConfig& config) { return config.objective.noise == NoiseKind::flow; }, "objective.noise",
    "applies only with objective.noise = \"flow\"", "remove it"};

void add_kind_and_penalties(std::vector<Key>& keys) {
  keys.insert(
      keys.end(),
      {{"objective", "kind", choice<objective, &ObjectiveSection::kind>(),
        "Loss. Contrastive divergence lowers the energy of data against that of chains, started anew for "
        "every update or kept from update to update (persistent); score matching fits ∇E, with all second "
        "derivatives, those along random directions (sliced) or the noise of noisy data (denoising); noise "
        "contrastive estimation tells data from samples of a known density; energy discrepancy compares "
        "data with their own perturbations; flow-contrastive estimation trains a normalising flow against "
        "the energy, which tells data from the flow's samples; flow_maximum_likelihood trains a flow alone."},
       {"objective", "energy_regularization",
        number<objective, &ObjectiveSection::energy_regularization>(non_negative),
        "Weight λ of the term λ(E² of the data + E² of the negative samples); 0: none, which is what the "
        "objectives other than the two contrastive divergences have unless the key is given.",
        when(with_energy, with_network)},
       {"objective", "gradient_penalty", number<objective, &ObjectiveSection::gradient_penalty>(non_negative),
        "Weight μ of the term μ(‖∇E‖² at the data + ‖∇E‖² at the negative samples); 0: none.",
        when(with_energy, with_network)}});
}

void add_score_matching(std::vector<Key>& keys) {
  keys.insert(
      keys.end(),
      {{"objective", "projections", whole_number<objective, &ObjectiveSection::projections>(1, 4096),
        "Random directions v for each sample.", when(with_sliced)},
       {"objective", "directions", choice<objective, &ObjectiveSection::directions>(),
        "Distribution of each entry of v.", when(with_sliced)},
       {"objective", "variance_reduction",
        TrueOrFalse{field<objective, &ObjectiveSection::variance_reduction>()},
        "Use ½‖∇E‖² itself in place of ½(v·∇E)²: only the trace of the second derivatives is then estimated "
        "along the "
        "directions, which is Hutchinson's estimator of it.",
        when(with_sliced)},
       {"objective", "sigma", number<objective, &ObjectiveSection::sigma>(positive),
        "Scale σ of the Gaussian noise on the data, in standardised units.",
        when(with_denoising, without_sigmas)},
       {"objective", "sigmas", NumberList{field<objective, &ObjectiveSection::sigmas>(), positive, 64},
        "Ladder of noise levels in place of one sigma, at least 2, from the largest to the smallest; the "
        "network then has σ as a further input.",
        when(with_denoising)},
       {"objective", "sigma_weighting", choice<objective, &ObjectiveSection::sigma_weighting>(),
        "Weight of a noise level in the loss; variance: σ², uniform: 1.", when(with_denoising, with_sigmas)},
       {"objective", "antithetic", TrueOrFalse{field<objective, &ObjectiveSection::antithetic>()},
        "Use every noise z twice, as x + σz and as x - σz: twice the work, and a gradient that stays quiet "
        "as σ becomes "
        "small.",
        when(with_denoising)}});
}

void add_noise_contrast(std::vector<Key>& keys) {
  keys.insert(
      keys.end(),
      {{"objective", "contrast", choice<objective, &ObjectiveSection::contrast>(),
        "What is told apart; binary: each data sample and each noise sample; ranking: a data sample among "
        "noise samples of its own; conditional: a data sample and noisy copies of it.",
        when(with_noise_contrast)},
       {"objective", "noise", choice<objective, &ObjectiveSection::noise>(),
        "Density of the noise samples, fitted to the training data; flow: one that was trained before, from "
        "noise_flow.",
        when(with_noise_contrast, with_noise_density)},
       {"objective", "noise_ratio", number<objective, &ObjectiveSection::noise_ratio>(above_zero_to_4096),
        "Noise samples ν for each data sample; with ranking and conditional a whole number from 1 to 63.",
        when(with_noise_contrast)},
       {"objective", "noise_components",
        whole_number<objective, &ObjectiveSection::noise_components>(1, 1024),
        "Gaussians in the mixture, besides one of a quarter of the weight as broad as the data, which closes "
        "the gaps between "
        "them.",
        when(with_noise_contrast, with_noise_density, with_mixture_noise)},
       {"objective", "noise_covariance", choice<objective, &ObjectiveSection::noise_covariance>(),
        "Covariance of each Gaussian of the noise.",
        when(with_noise_contrast, with_noise_density, with_gaussian_noise)},
       {"objective", "noise_flow", text<objective, &ObjectiveSection::noise_flow>(EmptyText::allowed),
        "Checkpoint or run folder of flow_maximum_likelihood or flow_contrastive_estimation whose flow is "
        "the "
        "noise, relative to the folder of the config file; the same number of columns, and neither run with "
        "data.pca.",
        when(with_noise_contrast, with_noise_density, with_flow_noise)},
       {"objective", "conditional_scale", number<objective, &ObjectiveSection::conditional_scale>(positive),
        "Scale of the Gaussian noise on the copies, in standardised units.",
        when(with_noise_contrast, with_conditional_contrast)}});
}

void add_energy_discrepancy(std::vector<Key>& keys) {
  keys.insert(
      keys.end(),
      {{"objective", "diffusion_time", number<objective, &ObjectiveSection::diffusion_time>(positive),
        "Variance t of the Gaussian perturbations, in standardised units.", when(with_discrepancy)},
       {"objective", "perturbations", whole_number<objective, &ObjectiveSection::perturbations>(1, 63),
        "Perturbed samples M for each data sample; work and memory are used best where M + 1 divides 64: 1, "
        "3, 7, 15, 31, "
        "63.",
        when(with_discrepancy)},
       {"objective", "stabilization", number<objective, &ObjectiveSection::stabilization>(positive),
        "Weight w of the term w/M in the logarithm of the loss, which keeps it bounded below.",
        when(with_discrepancy)}});
}

}  // namespace

void add_objective(std::vector<Key>& keys) {
  add_kind_and_penalties(keys);
  add_score_matching(keys);
  add_noise_contrast(keys);
  add_energy_discrepancy(keys);
  keys.push_back(
      {"objective", "accuracy_threshold",
       number<objective, &ObjectiveSection::accuracy_threshold>(half_to_one),
       "Share of data and samples that the energy tells apart up to which the energy is updated, and "
       "above which the flow.",
       when(with_flow_contrast)});
  keys.push_back(
      {"objective", "background", number<objective, &ObjectiveSection::background>(zero_to_one),
       "Samples, for each of the flow's, of a normal distribution twice as broad as the data, which the "
       "energy is told from the data as well: they hold it up where neither data nor the flow have "
       "samples, so that exp(-E) has no mass there; 0: none.",
       when(with_flow_samples)});
}

}  // namespace ebmpi::config
