// SPDX-License-Identifier: Apache-2.0
#include "training/tested_chains.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "config/derived.hpp"
#include "sampling/tempering.hpp"
#include "sampling/transitions.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;

namespace {

/// Hotter distributions are wider, and take longer steps.
sampling::LadderLevels ladder_levels(const config::RunConfig& config) {
  const config::SamplerSection& sampler = config.sampler;
  const double coldest = config::langevin_temperature(config);
  sampling::LadderLevels levels;
  levels.count = static_cast<int>(config::replicas(config));
  const auto ladder = sampling::TemperatureLadder::geometric(
      coldest, levels.count > 1 ? coldest * sampler.hottest : coldest, levels.count);
  const double length = sampling::length_of(sampler.step_size, moves(config), coldest);
  for (std::size_t level = 0; level < ladder.temperatures().size(); ++level) {
    const double temperature = ladder.temperatures()[level];
    levels.inverse[level] = 1.0 / temperature;
    levels.length[level] = length * std::sqrt(temperature / coldest);
  }
  return levels;
}

template <class Scalar>
sampling::LadderRows<Scalar> ladder_rows(std::int64_t rows, int levels, core::BatchSlots slots) {
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  const std::int64_t replicas = rows * levels;
  sampling::LadderRows<Scalar> ladders;
  ladders.acceptance = Numbers("ebmpi::training::acceptance", replicas);
  if (levels == 1) return ladders;
  ladders.slots = slots;
  ladders.weight = Numbers("ebmpi::training::replica_weights", replicas);
  ladders.step_length = Numbers("ebmpi::training::replica_steps", replicas);
  ladders.level_acceptance = Numbers("ebmpi::training::level_acceptance", replicas);
  ladders.tried = decltype(ladders.tried)("ebmpi::training::exchanges_tried", rows);
  ladders.accepted = decltype(ladders.accepted)("ebmpi::training::exchanges_accepted", rows);
  return ladders;
}

/// Acceptance probabilities are added as multiples of this, whose sums do not depend on their order.
constexpr double acceptance_unit = 0x1p-32;

/// Σ over rows of values(row · stride + offset) / `count` in units of `acceptance_unit`.
template <class Scalar>
std::int64_t sum_acceptance(const Kokkos::View<Scalar*, core::MemorySpace>& values, std::int64_t stride,
                            std::int64_t offset, double count) {
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, values.extent(0) / static_cast<std::size_t>(stride));
  std::int64_t sum = 0;
  Kokkos::parallel_reduce(
      "ebmpi::training::sum_acceptance", policy,
      KOKKOS_LAMBDA(std::int64_t row, std::int64_t & part) {
        const double mean = static_cast<double>(values(row * stride + offset)) / count;
        part += static_cast<std::int64_t>(mean / acceptance_unit + 0.5);
      },
      sum);
  return sum;
}

std::int64_t sum_of(const Kokkos::View<std::int64_t*, core::MemorySpace>& values) {
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, values.extent(0));
  std::int64_t sum = 0;
  Kokkos::parallel_reduce(
      "ebmpi::training::sum_exchanges", policy,
      KOKKOS_LAMBDA(std::int64_t row, std::int64_t & part) { part += values(row); }, sum);
  return sum;
}

}  // namespace

template <class Scalar>
TestedChains<Scalar>::TestedChains(const config::RunConfig& config, std::int64_t rows, int dimension,
                                   sampling::ChainBox<Scalar> box, core::BatchSlots slots)
    : moves_(moves(config)),
      settings_(sampling::transition_settings(moves_, static_cast<int>(config.sampler.leapfrogs))),
      steps_(static_cast<int>(config.sampler.steps)),
      steps_of_launch_(config::is_tempered(config)
                           ? static_cast<int>(std::min(config.sampler.exchange_every, config.sampler.steps))
                           : steps_),
      temperature_(config::langevin_temperature(config)),
      batch_size_(config.optimizer.batch_size),
      adapt_steps_(config.sampler.adapt_steps),
      levels_(ladder_levels(config)),
      keys_(
          sampling::transition_keys(static_cast<std::uint64_t>(config.run.seed), core::Purpose::chain_noise)),
      exchange_key_(
          core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::temperature_swap)),
      gradient_("ebmpi::training::chain_gradients", rows * levels_.count, dimension),
      energy_("ebmpi::training::chain_energies", rows * levels_.count),
      ladders_(ladder_rows<Scalar>(rows, levels_.count, slots)) {
  ladders_.energy = energy_;
  target_.energy_weight = static_cast<Scalar>(levels_.inverse[0]);
  target_.energy_weights = ladders_.weight;
  target_.minimum = box.minimum;
  target_.maximum = box.maximum;
  const double wanted = config.sampler.target_acceptance > 0.0 ? config.sampler.target_acceptance
                                                               : sampling::best_acceptance(moves_, dimension);
  for (int level = 0; level < levels_.count; ++level) searches_.emplace_back(levels_.length[level], wanted);
}

template <class Scalar>
std::int64_t TestedChains<Scalar>::launches() const {
  return (steps_ + steps_of_launch_ - 1) / steps_of_launch_;
}

template <class Scalar>
void TestedChains<Scalar>::clear() const {
  const ExecutionSpace space;
  Kokkos::deep_copy(space, ladders_.acceptance, Scalar(0));
  if (levels_.count == 1) return;
  Kokkos::deep_copy(space, ladders_.level_acceptance, Scalar(0));
  Kokkos::deep_copy(space, ladders_.tried, 0);
  Kokkos::deep_copy(space, ladders_.accepted, 0);
}

/// The network has changed since the last step, so that energies and gradients are evaluated anew.
template <class Scalar>
void TestedChains<Scalar>::advance(std::int64_t step, const Energy& energy, const core::Rows<Scalar>& x,
                                   const Numbers& numbers, const Numbers& levels) {
  const ExecutionSpace space;
  const sampling::ChainState<Scalar> state{x, gradient_, energy_, numbers};
  clear();
  if (target_.minimum.data())
    sampling::put_inside(x, sampling::ChainBox<Scalar>{target_.minimum, target_.maximum});
  ladders_.level = levels;
  if (levels_.count > 1) sampling::apply_levels(space, levels_, ladders_);
  sampling::evaluate_chains(space, energy, state);
  for (std::int64_t launch = 0; launch < launches(); ++launch) {
    const int done = static_cast<int>(launch) * steps_of_launch_;
    const auto counter = static_cast<std::uint32_t>((step - 1) * launches() + launch + 1);
    sampling::run_transitions(space, energy, target_, settings_, std::min(steps_of_launch_, steps_ - done),
                              levels_.length[0], keys_, counter, state, {ladders_.acceptance, {}},
                              Kokkos::View<const Scalar*, core::MemorySpace>(ladders_.step_length));
    if (levels_.count > 1)
      sampling::exchange_levels(space, exchange_key_, step, launch, launches(), levels_, ladders_);
  }
}

/// At the first `count` levels, in one reduction.
template <class Scalar>
auto TestedChains<Scalar>::mean_acceptance(const comm::Communicator& communicator, int count) const
    -> Levels {
  const auto& values = levels_.count > 1 ? ladders_.level_acceptance : ladders_.acceptance;
  std::array<std::int64_t, sampling::most_levels> sums{};
  for (int level = 0; level < count; ++level)
    sums[static_cast<std::size_t>(level)] = sum_acceptance(values, levels_.count, level, steps_);
  communicator.sum(std::span(sums).first(static_cast<std::size_t>(count)));
  Levels means{};
  for (std::size_t level = 0; level < means.size(); ++level)
    means[level] = static_cast<double>(sums[level]) * acceptance_unit / static_cast<double>(batch_size_);
  return means;
}

template <class Scalar>
void TestedChains<Scalar>::adapt(const comm::Communicator& communicator, std::int64_t step) {
  if (step > adapt_steps_) return;
  const Levels acceptance = mean_acceptance(communicator, levels_.count);
  for (std::size_t level = 0; level < searches_.size(); ++level) {
    Search& search = searches_[level];
    search.update(acceptance[level]);
    levels_.length[level] = step == adapt_steps_ ? search.result() : search.step_size();
  }
}

template <class Scalar>
double TestedChains<Scalar>::acceptance(const comm::Communicator& communicator) const {
  return mean_acceptance(communicator, 1)[0];
}

template <class Scalar>
double TestedChains<Scalar>::exchange_rate(const comm::Communicator& communicator) const {
  std::array<std::int64_t, 2> sums{sum_of(ladders_.accepted), sum_of(ladders_.tried)};
  communicator.sum(std::span<std::int64_t>(sums));
  return static_cast<double>(sums[0]) / static_cast<double>(sums[1]);
}

template <class Scalar>
double TestedChains<Scalar>::step_size() const {
  return sampling::step_size_of(levels_.length[0], moves_, temperature_);
}

template <class Scalar>
std::vector<double> TestedChains<Scalar>::lengths() const {
  return {levels_.length.data(), levels_.length.data() + levels_.count};
}

template <class Scalar>
void TestedChains<Scalar>::restore(const std::vector<double>& lengths,
                                   const std::vector<Search::State>& searches) {
  for (std::size_t level = 0; level < searches_.size(); ++level) {
    levels_.length[level] = lengths[level];
    searches_[level].restore(searches[level]);
  }
}

template class TestedChains<float>;
template class TestedChains<double>;

}  // namespace ebmpi::training
