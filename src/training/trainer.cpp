// SPDX-License-Identifier: Apache-2.0
#include "training/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "comm/exact_sum.hpp"
#include "core/error.hpp"
#include "network/evaluate.hpp"
#include "network/mlp_energy.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;
using core::FixedPointSum;
using objective::ContrastiveDivergence;

namespace {

/// The slots of the sums: the network's tensors, then the loss terms.
std::vector<std::int64_t> slot_sizes(const network::ParameterLayout& layout, int terms) {
  std::vector<std::int64_t> sizes;
  for (const network::ParameterTensor& tensor : layout.tensors()) sizes.push_back(tensor.size());
  sizes.insert(sizes.end(), static_cast<std::size_t>(terms), 1);
  return sizes;
}

constexpr const char* after_divergence =
    "the checkpoints written so far are untouched; start another run (another --output) with a smaller "
    "optimizer.learning_rate or "
    "sampler.step_size, or a larger objective.energy_regularization";

/// Data with jitter reach this many of its standard deviations beyond the range of the rows.
constexpr double jitter_reach = 4.0;

/// The decay at `step` (from 1) that makes the moving average one of the parameters after steps 1 to `step`,
/// with weights that fall by `decay` a step and add up to 1: the initial parameters have no part in it.
/// Kingma and Ba 2015, arXiv 1412.6980, section 3.
double average_decay(double decay, std::int64_t step) {
  const double count = static_cast<double>(step);
  return decay * (1.0 - std::pow(decay, count - 1.0)) / (1.0 - std::pow(decay, count));
}

/// Held-out rows that `measure` looks at, over all shards.
constexpr std::int64_t validation_rows = 4096;

}  // namespace

template <class Scalar>
Trainer<Scalar>::Trainer(const comm::Communicator& communicator, const comm::ShardMap& shards,
                         const config::RunConfig& config, const data::SampleSource& source)
    : communicator_(communicator),
      shards_(shards),
      config_(config),
      data_(communicator, shards, source, preparation(config)),
      network_(mlp_shape(config.network, data_.dimension())),
      average_("ebmpi::training::average", network_.layout().size()),
      optimizer_(optimizer_settings(config.optimizer), network_.layout().size()),
      schedule_(schedule(config)),
      norm_(network_.layout().size()),
      negatives_(config, shards, data_),
      samples_("ebmpi::training::samples", 2 * shards.owned_slice(config.optimizer.batch_size).size(),
               data_.dimension()),
      slots_(data::make_batch_slots(shards, config.optimizer.batch_size, data_.training_slices())),
      sums_(slot_sizes(network_.layout(), ContrastiveDivergence<Scalar>::terms),
            ExecutionSpace().concurrency()),
      gradient_("ebmpi::training::gradient", network_.layout().size()),
      control_(static_cast<std::size_t>(sums_.slots()) + 1) {
  const std::size_t rows = samples_.extent(0) / 2;
  batch_ = Kokkos::subview(samples_, std::pair<std::size_t, std::size_t>(0, rows), Kokkos::ALL);
  chains_ = Kokkos::subview(samples_, std::pair<std::size_t, std::size_t>(rows, 2 * rows), Kokkos::ALL);
  make_blocks();
  network_.initialize(static_cast<std::uint64_t>(config.run.seed));
  Kokkos::deep_copy(average_, network_.parameters());
  state_.exponents = sums_.exponents();
}

/// A block never crosses a shard, so that what is added in floating point is the same on any number of ranks.
template <class Scalar>
void Trainer<Scalar>::make_blocks() {
  std::vector<objective::SampleBlock> blocks;
  const std::int64_t batch_size = config_.optimizer.batch_size;
  const std::int64_t rows = shards_.owned_slice(batch_size).size(),
                     first_row = shards_.owned_slice(batch_size).first;
  for (std::int64_t shard = 0; shard < shards_.shards(); ++shard) {
    const comm::IndexRange slice = shards_.slice(batch_size, shard);
    all_blocks_ += 2 * core::tile_count(slice.size());
    if (shard < shards_.owned().first || shard >= shards_.owned().last) continue;
    for (const objective::Role role : {objective::Role::data, objective::Role::chains}) {
      for (std::int64_t row = slice.first; row < slice.last; row += core::tile_size) {
        const std::int64_t count = std::min<std::int64_t>(core::tile_size, slice.last - row);
        const std::int64_t half = role == objective::Role::data ? 0 : rows;
        blocks.push_back({half + row - first_row, static_cast<int>(count), static_cast<int>(role)});
      }
    }
  }
  blocks_ = decltype(blocks_)("ebmpi::training::blocks", blocks.size());
  const auto host = Kokkos::create_mirror_view(blocks_);
  std::copy(blocks.begin(), blocks.end(), host.data());
  Kokkos::deep_copy(blocks_, host);
}

template <class Scalar>
StopReason Trainer<Scalar>::step(StopReason wish) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t step = state_.step + 1;
  data_.draw(step, slots_, batch_);
  negatives_.advance(step, network_, batch_, chains_);
  const StopReason agreed = accumulate_gradient(step, wish);
  sums_.quotient(static_cast<double>(config_.optimizer.batch_size), network_.layout().size(), gradient_);
  clip();
  optimizer_.update(step, schedule_(step), gradient_, network_.parameters());
  optimizer::update_average(average_decay(config_.optimizer.ema, step), network_.parameters(), average_);
  network_.pack();
  state_.step = step;
  state_.exponents = sums_.exponents();
  state_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return agreed;
}

template <class Scalar>
StopReason Trainer<Scalar>::accumulate_gradient(std::int64_t step, StopReason wish) {
  const ContrastiveDivergence<Scalar> weigher{static_cast<Scalar>(config_.objective.energy_regularization)};
  StopReason agreed = StopReason::none;
  FixedPointSum::Verdict verdict = FixedPointSum::Verdict::repeat;
  while (verdict == FixedPointSum::Verdict::repeat) {
    sums_.clear();
    objective::add_jet_gradients(ExecutionSpace(), network_.view(), weigher, {samples_, {}, blocks_},
                                 sums_.adder(), sums_.workers());
    sums_.collect();
    agreed = agree(wish);
    verdict = sums_.judge(all_blocks_);
  }
  if (verdict == FixedPointSum::Verdict::not_finite) {
    throw core::DivergenceError(
        fmt::format("training diverged at step {} (the gradient or the loss is NaN or infinite); {}", step,
                    after_divergence));
  }
  communicator_.sum(sums_.sums());
  double terms[ContrastiveDivergence<Scalar>::terms];
  for (int t = 0; t < ContrastiveDivergence<Scalar>::terms; ++t) {
    terms[t] = sums_.value(network_.layout().size() + t);
  }
  loss_ = objective::contrastive_loss(terms, static_cast<double>(config_.optimizer.batch_size),
                                      config_.objective.energy_regularization);
  return agreed;
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

template <class Scalar>
void Trainer<Scalar>::clip() {
  const double bound = config_.optimizer.gradient_clip;
  const bool logged = (state_.step + 1) % config_.run.log_every == 0 || state_.step + 1 == config_.run.steps;
  if (bound == 0.0 && !logged) return;
  gradient_norm_ = norm_(gradient_);
  if (bound > 0.0) norm_.clip(gradient_, gradient_norm_, bound);
}

/// Sums over one shard's chains of this step: ‖∇E‖, virial, outside the data's range, rows; then ages and
/// chains of its slice of the population.
template <class Scalar>
std::vector<double> Trainer<Scalar>::local_chain_sums(std::int64_t shard) const {
  const std::int64_t batch_size = config_.optimizer.batch_size;
  const comm::IndexRange slice = shards_.slice(batch_size, shard);
  const std::int64_t first_row = shards_.owned_slice(batch_size).first;
  const auto norms =
      Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), negatives_.watch().gradient_norm);
  const auto virial = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), negatives_.watch().virial);
  const auto x = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), chains_);
  const data::ModelSpaceMoments& moments = data_.moments();
  const double margin = jitter_reach * config_.data.jitter;
  std::vector<double> sums(6, 0.0);
  for (std::int64_t row = slice.first - first_row; row < slice.last - first_row; ++row) {
    bool outside = false;
    for (int d = 0; d < data_.dimension(); ++d) {
      outside |= x(row, d) < moments.minimum[d] - margin || x(row, d) > moments.maximum[d] + margin;
    }
    sums[0] += norms(row);
    sums[1] += virial(row);
    sums[2] += outside ? 1.0 : 0.0;
    sums[3] += 1.0;
  }
  if (const auto* population = negatives_.population()) {
    const auto age = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), population->age());
    const data::ShardSlice& own =
        negatives_.population_slices()[static_cast<std::size_t>(shard - shards_.owned().first)];
    for (std::int64_t chain = own.local_first; chain < own.local_first + own.size; ++chain) {
      sums[4] += static_cast<double>(age(chain));
      sums[5] += 1.0;
    }
  }
  return sums;
}

template <class Scalar>
double Trainer<Scalar>::validation_energy() {
  const core::Rows<Scalar>& rows = data_.validation();
  const std::int64_t share = (validation_rows + shards_.shards() - 1) / shards_.shards();
  std::vector<std::vector<double>> partials;
  for (const data::ShardSlice& slice : data_.validation_slices()) {
    const std::int64_t count = std::min(slice.size, share);
    const core::Rows<Scalar> part = Kokkos::subview(
        rows, std::pair<std::int64_t, std::int64_t>(slice.local_first, slice.local_first + count),
        Kokkos::ALL);
    Buffer energies("ebmpi::training::validation_energies", count);
    network::evaluate(ExecutionSpace(), network::MlpEnergy<Scalar>{network_.view()}, part, energies);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), energies);
    double sum = 0.0;
    for (std::int64_t i = 0; i < count; ++i) sum += host(i);
    partials.push_back({sum, static_cast<double>(count)});
  }
  const std::vector<double> sums = comm::sum_over_shards(communicator_, shards_, 2, partials);
  return sums[1] > 0 ? sums[0] / sums[1] : std::numeric_limits<double>::quiet_NaN();
}

template <class Scalar>
Metrics Trainer<Scalar>::measure() {
  std::vector<std::vector<double>> partials;
  for (std::int64_t shard = shards_.owned().first; shard < shards_.owned().last; ++shard) {
    partials.push_back(local_chain_sums(shard));
  }
  const std::vector<double> sums = comm::sum_over_shards(communicator_, shards_, 6, partials);
  Metrics metrics;
  metrics.step = state_.step;
  metrics.loss = loss_;
  metrics.validation_energy = validation_energy();
  metrics.gradient_norm = gradient_norm_;
  metrics.learning_rate = schedule_(state_.step);
  metrics.chains.gradient_norm = sums[0] / sums[3];
  metrics.chains.equipartition = sums[1] / sums[3] / (data_.dimension() * negatives_.temperature());
  metrics.chains.outside = sums[2] / sums[3];
  metrics.chains.age = sums[5] > 0 ? sums[4] / sums[5] : negatives_.steps();
  metrics.seconds = state_.seconds;
  return metrics;
}

template <class Scalar>
CheckpointParts<Scalar> Trainer<Scalar>::parts() {
  const std::int64_t first_chain =
      negatives_.population() ? shards_.owned_slice(config_.sampler.population).first : 0;
  return {network_, average_, optimizer_, negatives_.population(), first_chain, data_};
}

template <class Scalar>
void Trainer<Scalar>::resume(const std::string& checkpoint) {
  state_ = read_checkpoint(communicator_, checkpoint, parts());
  sums_.set_exponents(state_.exponents);
}

template <class Scalar>
void Trainer<Scalar>::save(const std::string& path) {
  if (!std::isfinite(norm_(network_.parameters())) || !std::isfinite(norm_(average_))) {
    throw core::DivergenceError(fmt::format(
        "training diverged at step {} (a parameter is NaN or infinite, so {} was not written); {}",
        state_.step, path, after_divergence));
  }
  write_checkpoint(communicator_, path, config_, state_, parts());
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ebmpi::training
