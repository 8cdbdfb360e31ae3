// SPDX-License-Identifier: Apache-2.0
#include "training/trainer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "comm/device_memory.hpp"
#include "core/error.hpp"
#include "network/mlp_energy.hpp"
#include "training/chain_figures.hpp"
#include "training/make_objective.hpp"
#include "training/model.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;
using core::FixedPointSum;

namespace {

/// The slots of the sums: the network's tensors, then the loss terms.
std::vector<std::int64_t> slot_sizes(const network::ParameterLayout& layout, int terms) {
  std::vector<std::int64_t> sizes;
  for (const network::ParameterTensor& tensor : layout.tensors()) sizes.push_back(tensor.size());
  sizes.insert(sizes.end(), static_cast<std::size_t>(terms), 1);
  return sizes;
}

std::string after_divergence(const config::RunConfig& config) {
  return fmt::format(
      "the checkpoints written so far are untouched; start another run (another --output) with a smaller "
      "optimizer.learning_rate{}, or with optimizer.gradient_clip",
      config::is_contrastive_divergence(config)
          ? " or sampler.step_size, a larger objective.energy_regularization"
          : "");
}

/// The decay at `step` (from 1) that makes the moving average one of the parameters after steps 1 to `step`,
/// with weights that fall by `decay` a step and add up to 1: the initial parameters have no part in it.
/// Kingma and Ba 2015, arXiv 1412.6980, section 3.
double average_decay(double decay, std::int64_t step) {
  const double count = static_cast<double>(step);
  return decay * (1.0 - std::pow(decay, count - 1.0)) / (1.0 - std::pow(decay, count));
}

}  // namespace

template <class Scalar>
Trainer<Scalar>::Trainer(const comm::Communicator& communicator, const comm::ShardMap& shards,
                         const config::RunConfig& config, const data::SampleSource& source)
    : communicator_(communicator),
      shards_(shards),
      config_(config),
      data_(communicator, shards, source, preparation(config)),
      network_(mlp_shape(config, data_.dimension())),
      average_(network_.shape()),
      objective_(make_objective<Scalar>(config, network_.shape())),
      optimizer_(optimizer_settings(config.optimizer), network_.layout().size()),
      regularizer_(regularizer_settings(config.optimizer), weight_matrices(network_.layout())),
      schedule_(schedule(config)),
      norm_(network_.layout().size()),
      batch_(config, shards, data_.dimension(), objective_->group()),
      slots_(data::make_batch_slots(shards, config.optimizer.batch_size, data_.training_slices())),
      sums_(slot_sizes(network_.layout(), objective_->terms()), ExecutionSpace().concurrency(),
            comm::device_memory_is_accepted(communicator) ? core::SumPlace::device : core::SumPlace::host),
      reduction_(communicator, sums_, network_.shape().layers()),
      gradient_("ebmpi::training::gradient", network_.layout().size()),
      control_(static_cast<std::size_t>(sums_.slots()) + 1),
      loss_terms_(static_cast<std::size_t>(objective_->terms())) {
  network_.initialize(static_cast<std::uint64_t>(config.run.seed));
  if (config.network.spectral_norm) {
    spectral_norm_.emplace(weight_matrices(network_.layout()));
    spectral_norm_->initialize(static_cast<std::uint64_t>(config.run.seed), network_.parameters());
    network_.pack();
  }
  Kokkos::deep_copy(average_.parameters(), network_.parameters());
  if (config::is_contrastive_divergence(config)) chains_.emplace(communicator, config, shards, data_);
  if (needs_noise(config)) noise_.emplace(communicator, shards, config, data_);
  validation_objective_ = make_validation_objective<Scalar>(config, network_.shape());
  if (validation_objective_)
    held_out_.emplace(config, shards, data_, *validation_objective_, noise_ ? &*noise_ : nullptr);
  state_.exponents = sums_.exponents();
}

template <class Scalar>
double Trainer<Scalar>::temperature() const {
  return config::langevin_temperature(config_);
}

template <class Scalar>
StopReason Trainer<Scalar>::step(StopReason wish) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t step = state_.step + 1;
  const StopReason own_wish = draw_batch(step, wish);
  if (chains_) advance_chains(step);
  const StopReason agreed = accumulate_gradient(step, own_wish);
  if (agreed == StopReason::no_data) {
    communicator_.together([this] {
      if (data_error_) std::rethrow_exception(data_error_);
    });
  }
  update(step);
  state_.step = step;
  state_.exponents = sums_.exponents();
  state_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return agreed;
}

/// A rank without its rows goes on with those of the step before, so that the ranks learn of it in the
/// reduction that they make anyway.
template <class Scalar>
StopReason Trainer<Scalar>::draw_batch(std::int64_t step, StopReason wish) {
  const PhaseClock::Scope input(clock_, Phase::input);
  try {
    data_.draw(step, slots_, batch_.data());
  } catch (const std::exception&) {
    data_error_ = std::current_exception();
    wish = StopReason::no_data;
  }
  if (!noise_) return wish;
  noise_->draw(static_cast<std::uint32_t>(step), batch_.first_negative_number(), batch_.negatives(),
               batch_.log_noise_of_negatives());
  noise_->log_density(batch_.data(), batch_.log_noise_of_data());
  return wish;
}

template <class Scalar>
void Trainer<Scalar>::advance_chains(std::int64_t step) {
  const PhaseClock::Scope chains(clock_, Phase::chains);
  chains_->advance(step, network_, batch_.data(), batch_.negatives());
}

template <class Scalar>
StopReason Trainer<Scalar>::accumulate_gradient(std::int64_t step, StopReason wish) {
  const objective::JetBatch<Scalar> batch = batch_.at(step);
  const std::int64_t addends = batch_.all_blocks() * objective_->passes(data_.dimension());
  StopReason agreed = StopReason::none;
  FixedPointSum::Verdict verdict = FixedPointSum::Verdict::repeat;
  while (verdict == FixedPointSum::Verdict::repeat) {
    add_gradient(batch);
    const PhaseClock::Scope reduction(clock_, Phase::reduction);
    reduction_.send_rest();
    agreed = agree(wish);
    reduction_.wait();
    verdict = sums_.judge(addends);
  }
  if (verdict == FixedPointSum::Verdict::not_finite) {
    throw core::DivergenceError(
        fmt::format("training diverged at step {} (the gradient or the loss is NaN or infinite); {}", step,
                    after_divergence(config_)));
  }
  const std::int64_t parameters = network_.layout().size();
  for (std::size_t term = 0; term < loss_terms_.size(); ++term)
    loss_terms_[term] = sums_.value(parameters + static_cast<std::int64_t>(term));
  return agreed;
}

template <class Scalar>
void Trainer<Scalar>::add_gradient(const objective::JetBatch<Scalar>& batch) {
  const PhaseClock::Scope gradient(clock_, Phase::gradient);
  sums_.clear();
  const core::FixedPointAdder adder = reduction_.begin(static_cast<std::int64_t>(batch.blocks.extent(0)));
  objective_->add(ExecutionSpace(), network_.view(), batch, objective::Task::gradient, adder,
                  sums_.workers());
}

/// One small reduction finds the largest addends of all ranks and whether any rank wants to stop.
template <class Scalar>
StopReason Trainer<Scalar>::agree(StopReason wish) {
  const std::span<std::int64_t> peaks = sums_.peaks();
  std::copy(peaks.begin(), peaks.end(), control_.begin());
  control_.back() = static_cast<std::int64_t>(wish);
  communicator_.max(std::span<std::int64_t>(control_));
  std::copy(control_.begin(), control_.end() - 1, peaks.begin());
  return static_cast<StopReason>(control_.back());
}

/// The gradient of the batch's mean loss; parameters, their regularisers, their moving average.
template <class Scalar>
void Trainer<Scalar>::update(std::int64_t step) {
  const PhaseClock::Scope optimizer(clock_, Phase::optimizer);
  sums_.quotient(static_cast<double>(config_.optimizer.batch_size), network_.layout().size(), gradient_);
  const double learning_rate = schedule_(step);
  if (spectral_norm_) spectral_norm_->project_gradient(gradient_, network_.parameters());
  clip();
  optimizer_.update(step, learning_rate, gradient_, network_.parameters());
  regularizer_.apply(learning_rate, network_.parameters());
  if (spectral_norm_) spectral_norm_->normalize(network_.parameters());
  optimizer::update_average(average_decay(config_.optimizer.ema, step), network_.parameters(),
                            average_.parameters());
  network_.pack();
}

/// A validation may turn out to be the last step.
template <class Scalar>
bool Trainer<Scalar>::may_be_logged(std::int64_t step) const {
  const std::int64_t validate_every = config_.run.validate_every;
  return step % config_.run.log_every == 0 || step == config_.run.steps ||
         (validate_every > 0 && step % validate_every == 0);
}

template <class Scalar>
void Trainer<Scalar>::clip() {
  const double bound = config_.optimizer.gradient_clip;
  if (bound == 0.0 && !may_be_logged(state_.step + 1)) return;
  gradient_norm_ = norm_(gradient_);
  if (bound > 0.0) norm_.clip(gradient_, gradient_norm_, bound);
}

/// A network as commands that are told nothing else see it: at the lowest noise level, where it is told one.
template <class Scalar>
network::MlpEnergy<Scalar> Trainer<Scalar>::energy_of(const network::Mlp<Scalar>& network) const {
  return model_energy(network, config_, lowest_sigma(config_));
}

template <class Scalar>
bool Trainer<Scalar>::validate() {
  if (!held_out_) return false;
  const PhaseClock::Scope validation_phase(clock_, Phase::validation);
  average_.pack();
  ValidationState& validation = state_.validation;
  validation.loss = validation_loss((*held_out_)(communicator_, average_.view()), config_);
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
  metrics.loss = objective_->report(std::vector<double>(static_cast<std::size_t>(objective_->terms())), 1.0);
  if (config::has_energy(config_)) metrics.validation_energy = 0.0;
  if (network_.shape().log_normalizer == network::LogNormalizer::learned) metrics.log_z = 0.0;
  if (chains_) metrics.chains = chain_form(config_);
  return metrics;
}

template <class Scalar>
Metrics Trainer<Scalar>::measure() {
  const PhaseClock::Scope figures(clock_, Phase::figures);
  Metrics metrics = form();
  metrics.step = state_.step;
  metrics.loss = objective_->report(loss_terms_, static_cast<double>(config_.optimizer.batch_size));
  const EnergyFigures held_out = energy_figures(communicator_, shards_, energy_of(network_),
                                                data_.validation(), validation_rows(shards_, data_));
  if (metrics.validation_energy) metrics.validation_energy = held_out.energy;
  metrics.score_norm = held_out.score_norm / temperature();
  if (metrics.log_z) metrics.log_z = learned_log_z(network_);
  metrics.validation_loss = state_.validation.loss;
  metrics.gradient_norm = gradient_norm_;
  metrics.learning_rate = schedule_(state_.step);
  if (chains_) {
    metrics.chains = measure_chains(communicator_, shards_, config_, data_.moments(), batch_.negatives(),
                                    state_.step, *chains_);
  }
  metrics.seconds = state_.seconds;
  return metrics;
}

template <class Scalar>
CheckpointParts<Scalar> Trainer<Scalar>::parts() {
  return {network_, average_.parameters(),         optimizer_, spectral_norm_ ? &*spectral_norm_ : nullptr,
          shards_,  chains_ ? &*chains_ : nullptr, data_};
}

template <class Scalar>
void Trainer<Scalar>::resume(const std::string& checkpoint) {
  state_ = read_checkpoint(communicator_, checkpoint, parts());
  sums_.set_exponents(state_.exponents);
}

template <class Scalar>
void Trainer<Scalar>::save(const std::string& path) {
  const PhaseClock::Scope checkpoint(clock_, Phase::checkpoint);
  if (!std::isfinite(norm_(network_.parameters())) || !std::isfinite(norm_(average_.parameters()))) {
    throw core::DivergenceError(fmt::format(
        "training diverged at step {} (a parameter is NaN or infinite, so {} was not written); {}",
        state_.step, path, after_divergence(config_)));
  }
  write_checkpoint(communicator_, path, config_, state_, parts());
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ebmpi::training
