// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/mlp.hpp"
#include "sampling/energy_record.hpp"
#include "sampling/langevin.hpp"
#include "sampling/population.hpp"
#include "training/tested_chains.hpp"

namespace ebmpi::training {

/// The chains that give a step its negative samples: from noise, from the data, or from the persistent
/// population.
template <class Scalar>
class Negatives {
public:
  /// `communicator` must outlive it.
  Negatives(const comm::Communicator& communicator, const config::RunConfig& config,
            const comm::ShardMap& shards, const data::TrainingData<Scalar>& data);

  /// Collective. `chains` (rows, D) become the negative samples of `step`; `batch` (rows, D) is its data.
  void advance(std::int64_t step, const network::Mlp<Scalar>& network, const core::Rows<Scalar>& batch,
               const core::Rows<Scalar>& chains);

  /// Noted in the last `advance`: at its last gradient, which without a Metropolis test is that before the
  /// last step.
  const sampling::ChainWatch<Scalar>& watch() const { return watch_; }
  double temperature() const { return langevin_.temperature(); }
  int steps() const { return langevin_.steps; }

  /// The persistent chains; null where there are none.
  sampling::Population<Scalar>* population() { return population_ ? &*population_ : nullptr; }
  const sampling::Population<Scalar>* population() const { return population_ ? &*population_ : nullptr; }
  const sampling::EnergyRecord<Scalar>& record() const { return *record_; }  ///< of the persistent chains
  /// How chains with a Metropolis test move; null where they have none.
  TestedChains<Scalar>* tested() { return tested_.get(); }
  const TestedChains<Scalar>* tested() const { return tested_.get(); }
  std::int64_t population_size() const { return population_size_; }  ///< over all ranks
  /// Slices of the population, one for each owned shard.
  const std::vector<data::ShardSlice>& population_slices() const { return population_slices_; }

private:
  void make_population(const config::RunConfig& config, const comm::ShardMap& shards, int dimension);
  void start(std::int64_t step, const core::Rows<Scalar>& batch, const core::Rows<Scalar>& chains);

  const comm::Communicator& communicator_;
  sampling::LangevinSettings langevin_;
  config::ChainStart chain_start_;
  double reinitialize_;
  std::int64_t first_row_;  // global number of the first row of this rank's part of the batch
  sampling::StartDistribution<Scalar> start_distribution_;
  std::int64_t population_size_ = 0;
  std::vector<data::ShardSlice> population_slices_;
  std::optional<sampling::Population<Scalar>> population_;
  std::optional<sampling::EnergyRecord<Scalar>> record_;
  core::BatchSlots slots_;  // of the population
  sampling::ChainBox<Scalar> box_;
  std::unique_ptr<TestedChains<Scalar>> tested_;
  core::Rows<Scalar> replicas_;                                      // (rows · R, D) where R > 1
  Kokkos::View<std::int64_t*, core::MemorySpace> numbers_, levels_;  // (rows · R); levels only where R > 1
  sampling::ChainWatch<Scalar> watch_;
  core::PhiloxKey noise_key_, start_key_;
};

}  // namespace ebmpi::training
