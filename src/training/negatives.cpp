// SPDX-License-Identifier: Apache-2.0
#include "training/negatives.hpp"

#include "core/to_device.hpp"
#include "network/mlp_energy.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;

namespace {

/// Starts of chains that live for one step; a free function, since CUDA's extended lambdas may not stand in a
/// private member.
template <class Scalar>
void start_short_chains(std::int64_t step, config::ChainStart start, std::int64_t first, core::PhiloxKey key,
                        const sampling::StartDistribution<Scalar>& distribution,
                        const core::Rows<Scalar>& batch, const core::Rows<Scalar>& chains,
                        const Kokkos::View<std::int64_t*, core::MemorySpace>& numbers) {
  const bool from_data = start == config::ChainStart::data;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, chains.extent(0));
  Kokkos::parallel_for(
      "ebmpi::training::start_chains", policy, KOKKOS_LAMBDA(std::int64_t row) {
        numbers(row) = first + row;
        if (from_data) {
          for (std::size_t d = 0; d < chains.extent(1); ++d) chains(row, d) = batch(row, d);
        } else {
          distribution(key, first + row, static_cast<std::uint32_t>(step), chains, row);
        }
      });
}

/// The coldest of the R replicas of each row, which stand in `x` (rows · R, D) with their levels, energies
/// and gradients, becomes the row's sample in `chains` (rows, D) and is noted in `watch`.
template <class Scalar>
void take_coldest(const core::Rows<Scalar>& x, const Kokkos::View<std::int64_t*, core::MemorySpace>& levels,
                  const TestedChains<Scalar>& tested, const core::Rows<Scalar>& chains,
                  const sampling::ChainWatch<Scalar>& watch) {
  const auto energy = tested.energy();
  const auto gradient = tested.gradient();
  const std::int64_t replicas = tested.replicas();
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, chains.extent(0));
  Kokkos::parallel_for(
      "ebmpi::training::take_coldest", policy, KOKKOS_LAMBDA(std::int64_t row) {
        std::int64_t from = row * replicas;
        while (replicas > 1 && levels(from) != 0) ++from;
        Scalar square = 0, virial = 0;
        for (std::size_t d = 0; d < chains.extent(1); ++d) {
          square += gradient(from, d) * gradient(from, d);
          virial += (x(from, d) - watch.centre(d)) * gradient(from, d);
          chains(row, d) = x(from, d);
        }
        watch.gradient_norm(row) = Kokkos::sqrt(square);
        watch.virial(row) = virial;
        if (watch.energy.data()) watch.energy(row) = energy(from);
      });
}

}  // namespace

template <class Scalar>
Negatives<Scalar>::Negatives(const comm::Communicator& communicator, const config::RunConfig& config,
                             const comm::ShardMap& shards, const data::TrainingData<Scalar>& data)
    : communicator_(communicator),
      langevin_(langevin_settings(config)),
      chain_start_(config.sampler.start),
      reinitialize_(config.sampler.reinitialize),
      first_row_(shards.owned_slice(config.optimizer.batch_size).first),
      start_distribution_{
          core::to_device<Scalar>(data.moments().mean, "ebmpi::training::start_mean"),
          core::to_device<Scalar>(data.moments().deviation, "ebmpi::training::start_deviation")},
      box_(sampling::widened_box<Scalar>(config.sampler.box, data.moments().minimum, data.moments().maximum)),
      numbers_("ebmpi::training::chain_numbers",
               shards.owned_slice(config.optimizer.batch_size).size() * config::replicas(config)),
      noise_key_(core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::chain_noise)),
      start_key_(
          core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::initial_chains)) {
  const std::int64_t rows = shards.owned_slice(config.optimizer.batch_size).size();
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  watch_ = {start_distribution_.mean, Numbers("ebmpi::training::chain_gradient_norm", rows),
            Numbers("ebmpi::training::virial", rows)};
  if (is_persistent(config)) make_population(config, shards, data.dimension());
  if (config::is_untested(config)) return;
  tested_ = std::make_unique<TestedChains<Scalar>>(config, rows, data.dimension(), box_, slots_);
  if (tested_->replicas() == 1) return;
  replicas_ = core::Rows<Scalar>("ebmpi::training::replicas", numbers_.extent(0), data.dimension());
  levels_ = decltype(levels_)("ebmpi::training::replica_levels", numbers_.extent(0));
}

template <class Scalar>
void Negatives<Scalar>::make_population(const config::RunConfig& config, const comm::ShardMap& shards,
                                        int dimension) {
  const std::int64_t chains = config.sampler.population;
  const comm::IndexRange own = shards.owned_slice(chains);
  population_size_ = chains;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(chains, shard);
    population_slices_.push_back({slice.first - own.first, slice.first, slice.size()});
  }
  slots_ = data::make_batch_slots(shards, config.optimizer.batch_size, population_slices_);
  population_.emplace(own.size(), own.first, dimension, slots_, start_distribution_,
                      static_cast<std::uint64_t>(config.run.seed), config::replicas(config));
  population_->start_all();
  record_.emplace(own.size(), own.first, slots_);
  watch_.energy = decltype(watch_.energy)("ebmpi::training::chain_energy", slots_.extent(0));
}

template <class Scalar>
void Negatives<Scalar>::start(std::int64_t step, const core::Rows<Scalar>& batch,
                              const core::Rows<Scalar>& chains) {
  if (population_) return population_->check_out(step, reinitialize_, chains, numbers_, levels_);
  start_short_chains(step, chain_start_, first_row_, start_key_, start_distribution_, batch, chains,
                     numbers_);
}

template <class Scalar>
void Negatives<Scalar>::advance(std::int64_t step, const network::Mlp<Scalar>& network,
                                const core::Rows<Scalar>& batch, const core::Rows<Scalar>& chains) {
  const network::MlpEnergy<Scalar> energy{network.view()};
  const core::Rows<Scalar>& moved = replicas_.data() ? replicas_ : chains;
  start(step, batch, moved);
  if (tested_) {
    tested_->advance(step, energy, moved, numbers_, levels_);
    take_coldest(moved, levels_, *tested_, chains, watch_);
    tested_->adapt(communicator_, step);
  } else {
    sampling::run_langevin(ExecutionSpace(), energy, langevin_, noise_key_, static_cast<std::uint32_t>(step),
                           {chains, numbers_, box_.minimum, box_.maximum}, watch_);
  }
  if (!population_) return;
  record_->note(step, watch_.energy, population_->age());
  population_->check_in(step, langevin_.steps, moved, levels_);
}

template class Negatives<float>;
template class Negatives<double>;

}  // namespace ebmpi::training
