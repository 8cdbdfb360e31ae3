// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "core/fixed_point.hpp"
#include "data/training_data.hpp"
#include "objective/objective.hpp"
#include "training/contrast_noise.hpp"
#include "training/energy_figures.hpp"

namespace ebmpi::training {

/// The objective on held-out rows, with one and the same set of random draws each time, so that its values
/// can be compared. For objectives that need no chains.
template <class Scalar>
class Validation {
public:
  /// `noise` may be null where the objective needs none.
  Validation(const config::RunConfig& config, const comm::ShardMap& shards,
             const data::TrainingData<Scalar>& data, const objective::Objective<Scalar>& objective,
             const ContrastNoise<Scalar>* noise);

  /// Collective. The loss of `mlp`; NaN where nothing is held out or the loss is not finite.
  double operator()(const comm::Communicator& communicator, const network::MlpView<Scalar>& mlp);

private:
  void add_rows(const config::RunConfig& config, const comm::ShardMap& shards,
                const data::TrainingData<Scalar>& data);
  void draw_noise(const ContrastNoise<Scalar>& noise);

  const objective::Objective<Scalar>& objective_;
  std::int64_t rows_ = 0;         // of this rank
  std::int64_t blocks_here_ = 0;  // of this rank
  struct NoisePart {
    std::int64_t first, count, number;
  };
  std::vector<NoisePart> noise_parts_;  // in the buffer, behind the data rows
  core::Rows<Scalar> samples_;
  Kokkos::View<Scalar*, core::MemorySpace> log_noise_;
  Kokkos::View<const objective::SampleBlock*, core::MemorySpace> blocks_;
  core::FixedPointSum sums_;
};

/// Held-out rows that are looked at during training, over all shards.
inline constexpr std::int64_t most_validation_rows = 4096;

/// Which held-out rows of each owned shard are looked at: the first ones.
template <class Scalar>
std::vector<ShardRows> validation_rows(const comm::ShardMap& shards, const data::TrainingData<Scalar>& data);

}  // namespace ebmpi::training
