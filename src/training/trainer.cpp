// SPDX-License-Identifier: Apache-2.0
#include "training/trainer.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/error.hpp"
#include "network/flow_energy.hpp"
#include "network/mlp_energy.hpp"
#include "training/chain_figures.hpp"
#include "training/model.hpp"

namespace ebmpi::training {

namespace {

std::string after_divergence(const config::RunConfig& config) {
  return fmt::format(
      "the checkpoints written so far are untouched; start another run (another --output) with a smaller "
      "optimizer.learning_rate{}, or with optimizer.gradient_clip",
      config::is_contrastive_divergence(config)
          ? " or sampler.step_size, a larger objective.energy_regularization"
      : config::is_flow_contrast(config) ? " or flow.learning_rate"
                                         : "");
}

template <class Scalar>
int group_of(const std::unique_ptr<EnergyLearner<Scalar>>& energy) {
  return energy ? energy->objective().group() : 1;
}

}  // namespace

template <class Scalar>
Trainer<Scalar>::Trainer(const comm::Communicator& communicator, const comm::ShardMap& shards,
                         const config::RunConfig& config, const data::SampleSource& source,
                         const std::string& checkpoint)
    : communicator_(communicator),
      shards_(shards),
      config_(config),
      data_(communicator, shards, source, preparation(config)),
      energy_(config::has_network(config)
                  ? std::make_unique<EnergyLearner<Scalar>>(communicator, config, data_.dimension(), clock_)
                  : nullptr),
      flow_(config::has_flow(config)
                ? std::make_unique<FlowLearner<Scalar>>(communicator, config, data_, clock_)
                : nullptr),
      schedule_(schedule(config)),
      batch_(config, shards, data_.dimension(), group_of(energy_)),
      slots_(data::make_batch_slots(shards, config.optimizer.batch_size, data_.training_slices())) {
  if (config::is_contrastive_divergence(config)) chains_.emplace(communicator, config, shards, data_);
  if (needs_noise(config) && !flow_) noise_.emplace(communicator, shards, config, data_, checkpoint);
  if (background_rows(config, config.optimizer.batch_size) > 0) {
    background_.emplace(data_.moments(), core::stream_key(static_cast<std::uint64_t>(config.run.seed),
                                                          core::Purpose::noise_samples));
  }
  if (energy_) validation_objective_ = make_validation_objective<Scalar>(config, energy_->network().shape());
  if (validation_objective_)
    held_out_.emplace(config, shards, data_, *validation_objective_, noise_ ? &*noise_ : nullptr);
  if (!checkpoint.empty()) state_ = read_checkpoint(communicator_, checkpoint, parts());
}

template <class Scalar>
std::int64_t Trainer<Scalar>::parameters() const {
  return (energy_ ? energy_->network().layout().size() : 0) + (flow_ ? flow_->flow().layout().size() : 0);
}

template <class Scalar>
double Trainer<Scalar>::temperature() const {
  return config::langevin_temperature(config_);
}

template <class Scalar>
StopReason Trainer<Scalar>::step(StopReason wish) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t step = state_.step + 1;
  const Turn now = turn();
  const StopReason own_wish = draw_batch(step, now, wish);
  if (chains_) advance_chains(step);
  const StopReason agreed = accumulate_gradient(step, now, own_wish);
  if (agreed == StopReason::no_data) {
    communicator_.together([this] {
      if (data_error_) std::rethrow_exception(data_error_);
    });
  }
  update(step, now);
  state_.step = step;
  state_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return agreed;
}

/// Gao et al. 2020, arXiv 1912.00589: the energy moves until it tells data from the flow's samples, then the
/// flow does; for a bounded number of steps, since a flow that cannot follow would keep the energy waiting.
template <class Scalar>
typename Trainer<Scalar>::Turn Trainer<Scalar>::turn() const {
  if (!energy_ || is_likelihood_step()) return Turn::flow;
  if (!flow_) return Turn::energy;
  const bool may_flow = state_.flow_streak < config_.flow.updates_in_a_row;
  return may_flow && state_.accuracy > config_.objective.accuracy_threshold ? Turn::flow : Turn::energy;
}

/// Whether the next step is one of the flow's first ones, without the energy.
template <class Scalar>
bool Trainer<Scalar>::is_likelihood_step() const {
  return !energy_ || state_.step < config_.flow.likelihood_steps;
}

/// A rank without its rows goes on with those of the step before, so that the ranks learn of it in the
/// reduction that they make anyway. The flow draws its own samples in its turn.
template <class Scalar>
StopReason Trainer<Scalar>::draw_batch(std::int64_t step, Turn turn, StopReason wish) {
  const PhaseClock::Scope input(clock_, Phase::input);
  try {
    data_.draw(step, slots_, batch_.data());
  } catch (const std::exception&) {
    data_error_ = std::current_exception();
    wish = StopReason::no_data;
  }
  if (noise_) {
    noise_->draw(static_cast<std::uint32_t>(step), batch_.first_negative_number(), batch_.negatives(),
                 batch_.log_noise_of_negatives());
    noise_->log_density(batch_.data(), batch_.log_noise_of_data());
  }
  if (flow_ && turn == Turn::energy) draw_flow_samples(step);
  return wish;
}

/// The energy is told from the flow's samples and from some broad ones: noise q + ε b, of which there are 1 +
/// ε samples for each row.
template <class Scalar>
void Trainer<Scalar>::draw_flow_samples(std::int64_t step) {
  const auto number = static_cast<std::uint32_t>(step);
  flow_->draw(number, batch_.first_negative_number(), batch_.negatives(), batch_.log_noise_of_negatives());
  flow_->log_density(batch_.data(), batch_.log_noise_of_data());
  if (!background_) return;
  background_->draw(1.0, number, batch_.first_background_number(), batch_.background());
  flow_->log_density(batch_.background(), batch_.log_noise_of_background());
  const double weight = static_cast<double>(background_rows(config_, config_.optimizer.batch_size)) /
                        static_cast<double>(config_.optimizer.batch_size);
  background_->blend(1.0, weight, batch_.data(), batch_.log_noise_of_data());
  background_->blend(1.0, weight, batch_.negatives(), batch_.log_noise_of_negatives());
  background_->blend(1.0, weight, batch_.background(), batch_.log_noise_of_background());
}

template <class Scalar>
void Trainer<Scalar>::advance_chains(std::int64_t step) {
  const PhaseClock::Scope chains(clock_, Phase::chains);
  chains_->advance(step, energy_->network(), batch_.data(), batch_.negatives());
}

template <class Scalar>
StopReason Trainer<Scalar>::accumulate_gradient(std::int64_t step, Turn turn, StopReason wish) {
  const objective::JetBatch<Scalar> batch = batch_.at(step);
  std::optional<StopReason> agreed;
  if (turn == Turn::energy) {
    agreed = energy_->accumulate(batch, batch_.all_blocks(), wish);
  } else if (is_likelihood_step()) {
    agreed = flow_->accumulate(batch, batch_.all_blocks(), nullptr, wish);
  } else {
    const objective::Rival<Scalar> rival = energy_->network().view();
    agreed = flow_->accumulate(batch, batch_.all_blocks(), &rival, wish);
  }
  if (agreed) return *agreed;
  throw core::DivergenceError(
      fmt::format("training diverged at step {} (the gradient or the loss is NaN or infinite); {}", step,
                  after_divergence(config_)));
}

template <class Scalar>
void Trainer<Scalar>::update(std::int64_t step, Turn turn) {
  const PhaseClock::Scope optimizer(clock_, Phase::optimizer);
  const double learning_rate = schedule_(step);
  if (turn == Turn::energy) {
    energy_->update(++state_.energy_updates, learning_rate, norm_wish(step));
  } else {
    flow_->update(++state_.flow_updates, learning_rate / config_.optimizer.learning_rate, norm_wish(step));
  }
  last_turn_ = turn;
  if (!energy_ || !flow_) return;
  state_.flow_streak = turn == Turn::flow && !is_likelihood_step() ? state_.flow_streak + 1 : 0;
  state_.accuracy = report(turn, static_cast<double>(config_.optimizer.batch_size)).term("accuracy");
}

/// A validation may turn out to be the last step.
template <class Scalar>
NormWish Trainer<Scalar>::norm_wish(std::int64_t step) const {
  const std::int64_t validate_every = config_.run.validate_every;
  const bool may_be_logged = step % config_.run.log_every == 0 || step == config_.run.steps ||
                             (validate_every > 0 && step % validate_every == 0);
  return may_be_logged ? NormWish::wanted : NormWish::unwanted;
}

/// The objective's report on the last batch, in whose turn it was.
template <class Scalar>
objective::LossReport Trainer<Scalar>::report(Turn turn, double rows) const {
  if (turn == Turn::energy) return energy_->objective().report(energy_->learner().terms(), rows);
  const std::span<const double> terms = flow_->learner().terms();
  return energy_ ? objective::report_flow_contrast(terms, rows)
                 : objective::report_flow_likelihood(terms, rows);
}

template <class Scalar>
double Trainer<Scalar>::held_out_loss() {
  if (held_out_) {
    energy_->average().pack();
    return validation_loss((*held_out_)(communicator_, energy_->average().view()), config_);
  }
  flow_->average().pack();
  return -flow_->held_out_likelihood(communicator_, shards_, data_.validation(),
                                     validation_rows(shards_, data_), flow_->average());
}

template <class Scalar>
bool Trainer<Scalar>::validate() {
  if (!held_out_ && energy_) return false;
  const PhaseClock::Scope validation_phase(clock_, Phase::validation);
  ValidationState& validation = state_.validation;
  validation.loss = held_out_loss();
  const bool is_best = validation.loss < validation.best_loss;
  if (is_best) {
    validation.best_loss = validation.loss;
    validation.best_step = state_.step;
  }
  validation.without_improvement = is_best ? 0 : validation.without_improvement + 1;
  return is_best;
}

template <class Scalar>
Metrics Trainer<Scalar>::form() const {
  Metrics metrics;
  metrics.loss = report(turn(), 1.0);
  if (config::has_energy(config_)) metrics.validation_energy = 0.0;
  if (config::learns_log_z(config_)) metrics.log_z = 0.0;
  if (energy_ && flow_) metrics.flow = FlowMetrics{};
  metrics.is_comparable = !config::is_validated_by_score(config_);
  if (chains_) metrics.chains = chain_form(config_);
  return metrics;
}

template <class Scalar>
Metrics Trainer<Scalar>::measure() {
  const PhaseClock::Scope figures(clock_, Phase::figures);
  Metrics metrics = form();
  metrics.step = state_.step;
  metrics.loss = report(last_turn_, static_cast<double>(config_.optimizer.batch_size));
  measure_held_out(metrics);
  if (metrics.log_z) metrics.log_z = learned_log_z(energy_->network());
  metrics.validation_loss = state_.validation.loss;
  metrics.gradient_norm =
      (last_turn_ == Turn::energy ? energy_->learner() : flow_->learner()).gradient_norm();
  metrics.learning_rate = schedule_(state_.step);
  if (chains_) {
    metrics.chains = measure_chains(communicator_, shards_, config_, data_.moments(), batch_.negatives(),
                                    state_.step, *chains_);
  }
  metrics.seconds = state_.seconds;
  return metrics;
}

/// The network as commands that are told nothing else see it: at the lowest noise level, where it is told
/// one.
template <class Scalar>
void Trainer<Scalar>::measure_held_out(Metrics& metrics) {
  const std::vector<ShardRows> rows = validation_rows(shards_, data_);
  const EnergyFigures held_out =
      energy_ ? energy_figures(communicator_, shards_,
                               model_energy(energy_->network(), config_, lowest_sigma(config_)),
                               data_.validation(), rows)
              : energy_figures(communicator_, shards_, network::FlowEnergy<Scalar>{flow_->flow().view()},
                               data_.validation(), rows);
  if (metrics.validation_energy) metrics.validation_energy = held_out.energy;
  metrics.score_norm = held_out.score_norm / temperature();
  if (!metrics.flow) return;
  metrics.flow =
      FlowMetrics{flow_->held_out_likelihood(communicator_, shards_, data_.validation(), rows, flow_->flow()),
                  state_.flow_updates};
}

template <class Scalar>
CheckpointParts<Scalar> Trainer<Scalar>::parts() {
  return {energy_.get(), flow_.get(), noise_ ? &*noise_ : nullptr, shards_, chains_ ? &*chains_ : nullptr,
          data_};
}

template <class Scalar>
void Trainer<Scalar>::save(const std::string& path) {
  const PhaseClock::Scope checkpoint(clock_, Phase::checkpoint);
  if ((energy_ && !energy_->learner().is_finite()) || (flow_ && !flow_->learner().is_finite())) {
    throw core::DivergenceError(fmt::format(
        "training diverged at step {} (a parameter is NaN or infinite, so {} was not written); {}",
        state_.step, path, after_divergence(config_)));
  }
  write_checkpoint(communicator_, path, config_, state_, parts());
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ebmpi::training
