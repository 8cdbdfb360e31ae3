// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/mlp.hpp"
#include "sampling/langevin.hpp"
#include "sampling/population.hpp"

namespace ebmpi::training {

/// The chains that give a step its negative samples: from noise, from the data, or from the persistent
/// population.
template <class Scalar>
class Negatives {
public:
  Negatives(const config::RunConfig& config, const comm::ShardMap& shards,
            const data::TrainingData<Scalar>& data);

  /// `chains` (rows, D) become the negative samples of `step`; `batch` (rows, D) is its data.
  void advance(std::int64_t step, const network::Mlp<Scalar>& network, const core::Rows<Scalar>& batch,
               const core::Rows<Scalar>& chains);

  /// Noted at the last gradient of the last `advance`.
  const sampling::ChainWatch<Scalar>& watch() const { return watch_; }
  double temperature() const { return langevin_.temperature(); }
  int steps() const { return langevin_.steps; }

  /// The persistent chains; null where there are none.
  sampling::Population<Scalar>* population() { return population_ ? &*population_ : nullptr; }
  const sampling::Population<Scalar>* population() const { return population_ ? &*population_ : nullptr; }
  /// Slices of the population, one for each owned shard.
  const std::vector<data::ShardSlice>& population_slices() const { return population_slices_; }

private:
  void start(std::int64_t step, const core::Rows<Scalar>& batch, const core::Rows<Scalar>& chains);

  sampling::LangevinSettings langevin_;
  config::ChainStart chain_start_;
  double reinitialize_;
  std::int64_t first_row_;  // global number of the first row of this rank's part of the batch
  sampling::StartDistribution<Scalar> start_distribution_;
  std::vector<data::ShardSlice> population_slices_;
  std::optional<sampling::Population<Scalar>> population_;
  Kokkos::View<std::int64_t*, core::MemorySpace> numbers_;  // (rows)
  sampling::ChainWatch<Scalar> watch_;
  core::PhiloxKey noise_key_, start_key_;
};

}  // namespace ebmpi::training
