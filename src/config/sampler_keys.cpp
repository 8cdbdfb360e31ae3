// SPDX-License-Identifier: Apache-2.0
#include "config/derived.hpp"
#include "config/key_entries.hpp"

namespace ebmpi::config {

namespace {

template <SamplerKind Kind>
bool sampler_is(const RunConfig& config) {
  return config.sampler.kind == Kind;
}

constexpr Condition with_chains = {
    is_contrastive_divergence, "objective.kind",
    "applies only with objective.kind = \"contrastive_divergence\" or "
    "\"persistent_contrastive_divergence\"",
    "remove it: the other objectives run no chains, and fit the energy at temperature 1"};
constexpr Condition with_short_chains = {
    objective_is<ObjectiveKind::contrastive_divergence>, "objective.kind",
    "applies only with objective.kind = \"contrastive_divergence\"",
    "remove it: persistent chains start always from noise; use reinitialize to restart a share of them "
    "(the other objectives run no chains)"};
constexpr Condition with_persistent_chains = {
    is_persistent, "objective.kind",
    "applies only with objective.kind = \"persistent_contrastive_divergence\"",
    "remove it: contrastive divergence starts every chain anew; use start to say where (the other "
    "objectives run no chains)"};
constexpr Condition without_noise_scale = {
    [](const RunConfig& config) { return config.sampler.noise_scale == 0.0; }, "sampler.noise_scale",
    "applies only without a noise_scale τ, which fixes it to τ²/(2 step_size)",
    "give temperature or noise_scale, not both"};
constexpr Condition without_test = {
    is_untested, "sampler.kind", "applies only with sampler.kind = \"langevin\" or \"annealed_langevin\"",
    "remove it: a Metropolis test needs the step that ∇E and the temperature give"};
constexpr Condition with_test = {
    [](const RunConfig& config) { return !is_untested(config); }, "sampler.kind",
    "applies only with a Metropolis test, whose rate of acceptance is tuned",
    "remove it, or use sampler.kind = \"mala\", \"metropolis\", \"hmc\" or \"parallel_tempering\""};
constexpr Condition with_adaptation = {[](const RunConfig& config) { return config.sampler.adapt_steps > 0; },
                                       "sampler.adapt_steps", "applies only where the step size is tuned",
                                       "remove it, or give adapt_steps"};
constexpr Condition with_trajectories = {
    has_trajectories, "sampler.kind",
    "applies only with sampler.kind = \"hmc\", or \"parallel_tempering\" with moves = \"hmc\"",
    "remove it: the other kinds follow no trajectory"};
constexpr Condition with_annealing = {sampler_is<SamplerKind::annealed_langevin>, "sampler.kind",
                                      "applies only with sampler.kind = \"annealed_langevin\"", "remove it"};
constexpr Condition with_ladder = {sampler_is<SamplerKind::parallel_tempering>, "sampler.kind",
                                   "applies only with sampler.kind = \"parallel_tempering\"", "remove it"};

/// How chains move, whatever the objective.
void add_moves(std::vector<Key>& keys) {
  constexpr auto sampler = &RunConfig::sampler;
  keys.insert(
      keys.end(),
      {{"sampler", "kind", choice<sampler, &SamplerSection::kind>(),
        "Markov chain that gives the negative samples of contrastive divergence, and the samples of "
        "`ebmpi sample` with any objective. langevin: steps without a test, with a bias of the order of the "
        "step; annealed_langevin: the same at a falling temperature; mala, metropolis, hmc: with a "
        "Metropolis "
        "test, which removes the bias; parallel_tempering: persistent chains with replicas at higher "
        "temperatures, which cross barriers."},
       {"sampler", "moves", choice<sampler, &SamplerSection::moves>(), "How the replicas move.",
        when(with_ladder)},
       {"sampler", "start", choice<sampler, &SamplerSection::start>(), "Where every chain starts.",
        when(with_short_chains)},
       {"sampler", "steps", whole_number<sampler, &SamplerSection::steps>(1),
        "Chain steps for each parameter update.", when(with_chains)},
       {"sampler", "step_size", number<sampler, &SamplerSection::step_size>(positive),
        "In model space, with langevin and mala η of x ← x - η∇E + √(2ηT)ξ; with metropolis the deviation of "
        "a "
        "step; with hmc the leapfrog step. With any objective also the default of `ebmpi sample`."},
       {"sampler", "leapfrogs", whole_number<sampler, &SamplerSection::leapfrogs>(1, 1000),
        "Leapfrog steps of a trajectory.", when(with_trajectories)},
       {"sampler", "temperature", number<sampler, &SamplerSection::temperature>(positive),
        "T: the model is p(x) = exp(-E(x)/T)/Z.", when(with_chains, without_noise_scale)},
       {"sampler", "noise_scale", number<sampler, &SamplerSection::noise_scale>(non_negative),
        "τ in place of √(2ηT), so that T = τ²/(2η); 0: use temperature.", when(with_chains, without_test)},
       {"sampler", "gradient_clip", number<sampler, &SamplerSection::gradient_clip>(non_negative),
        "Bound on the norm of ∇E in a chain step; 0: none. With any objective also the default of "
        "`ebmpi sample`.",
        when(without_test)},
       {"sampler", "box", number<sampler, &SamplerSection::box>(at_least_minus_one),
        "Chains stay in the range of the training data, widened at each end by this share of it; below 0: "
        "they "
        "go where they will.",
        when(with_chains)}});
}

}  // namespace

void add_sampler(std::vector<Key>& keys) {
  constexpr auto sampler = &RunConfig::sampler;
  add_moves(keys);
  keys.insert(
      keys.end(),
      {{"sampler", "adapt_steps", whole_number<sampler, &SamplerSection::adapt_steps>(0),
        "Parameter updates in which the step size is tuned to target_acceptance; then it stays. 0: none.",
        when(with_chains, with_test)},
       {"sampler", "target_acceptance",
        number<sampler, &SamplerSection::target_acceptance>(zero_to_below_one),
        "Rate of acceptance that the step size is tuned to; 0: the best one, 0.574 with mala, 0.8 with hmc, "
        "0.234 + 0.206/D with metropolis.",
        when(with_chains, with_test, with_adaptation)},
       {"sampler", "anneal", number<sampler, &SamplerSection::anneal>(at_least_one),
        "The temperature falls from this times T to T, by the same factor at every step of an update.",
        when(with_chains, with_annealing)},
       {"sampler", "levels", whole_number<sampler, &SamplerSection::levels>(2, 32),
        "Temperatures of the ladder, and replicas of each persistent chain.", when(with_ladder)},
       {"sampler", "hottest", number<sampler, &SamplerSection::hottest>(above_one),
        "Hottest temperature of the ladder over T; those between rise by the same factor.",
        when(with_ladder)},
       {"sampler", "exchange_every", whole_number<sampler, &SamplerSection::exchange_every>(1),
        "Transitions between exchanges of neighbouring temperatures.", when(with_ladder)},
       {"sampler", "reinitialize", number<sampler, &SamplerSection::reinitialize>(zero_to_one),
        "Chance that a persistent chain restarts from noise each time it is used.",
        when(with_persistent_chains)},
       {"sampler", "population", whole_number<sampler, &SamplerSection::population>(1),
        "Number of persistent chains, at least optimizer.batch_size.", when(with_persistent_chains)}});
}

}  // namespace ebmpi::config
