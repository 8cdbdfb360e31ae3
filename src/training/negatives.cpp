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

}  // namespace

template <class Scalar>
Negatives<Scalar>::Negatives(const config::RunConfig& config, const comm::ShardMap& shards,
                             const data::TrainingData<Scalar>& data)
    : langevin_(langevin_settings(config)),
      chain_start_(config.sampler.start),
      reinitialize_(config.sampler.reinitialize),
      first_row_(shards.owned_slice(config.optimizer.batch_size).first),
      start_distribution_{
          core::to_device<Scalar>(data.moments().mean, "ebmpi::training::start_mean"),
          core::to_device<Scalar>(data.moments().deviation, "ebmpi::training::start_deviation")},
      numbers_("ebmpi::training::chain_numbers", shards.owned_slice(config.optimizer.batch_size).size()),
      watch_{start_distribution_.mean,
             Kokkos::View<Scalar*, core::MemorySpace>("ebmpi::training::chain_gradient_norm",
                                                      numbers_.extent(0)),
             Kokkos::View<Scalar*, core::MemorySpace>("ebmpi::training::virial", numbers_.extent(0))},
      noise_key_(core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::chain_noise)),
      start_key_(
          core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::initial_chains)) {
  if (!is_persistent(config)) return;
  const std::int64_t chains = config.sampler.population;
  const std::int64_t first = shards.owned_slice(chains).first;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const comm::IndexRange slice = shards.slice(chains, shard);
    population_slices_.push_back({slice.first - first, slice.first, slice.size()});
  }
  population_.emplace(shards.owned_slice(chains).size(), first, data.dimension(),
                      data::make_batch_slots(shards, config.optimizer.batch_size, population_slices_),
                      start_distribution_, static_cast<std::uint64_t>(config.run.seed));
  population_->start_all();
}

template <class Scalar>
void Negatives<Scalar>::start(std::int64_t step, const core::Rows<Scalar>& batch,
                              const core::Rows<Scalar>& chains) {
  if (population_) return population_->check_out(step, reinitialize_, chains, numbers_);
  start_short_chains(step, chain_start_, first_row_, start_key_, start_distribution_, batch, chains,
                     numbers_);
}

template <class Scalar>
void Negatives<Scalar>::advance(std::int64_t step, const network::Mlp<Scalar>& network,
                                const core::Rows<Scalar>& batch, const core::Rows<Scalar>& chains) {
  start(step, batch, chains);
  sampling::run_langevin(ExecutionSpace(), network::MlpEnergy<Scalar>{network.view()}, langevin_, noise_key_,
                         static_cast<std::uint32_t>(step), {chains, numbers_}, watch_);
  if (population_) population_->check_in(step, langevin_.steps, chains);
}

template class Negatives<float>;
template class Negatives<double>;

}  // namespace ebmpi::training
