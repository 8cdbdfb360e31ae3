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

/// An objective that needs no chains, on held-out rows, with one and the same set of random draws each time,
/// so that its values can be compared.
template <class Scalar>
class Validation {
public:
  /// `noise` may be null where the objective needs none.
  Validation(const config::RunConfig& config, const comm::ShardMap& shards,
             const data::TrainingData<Scalar>& data, const objective::Objective<Scalar>& objective,
             const ContrastNoise<Scalar>* noise);

  /// Collective. The report on `mlp`; NaN throughout where nothing is held out or the loss is not finite.
  objective::LossReport operator()(const comm::Communicator& communicator,
                                   const network::MlpView<Scalar>& mlp);

private:
  void add_rows(const config::RunConfig& config, const comm::ShardMap& shards,
                const data::TrainingData<Scalar>& data, bool with_noise);
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

/// What measures a run on held-out data: its own objective; for contrastive divergence and flow-contrastive
/// estimation, whose losses say nothing without the chains or the flow of the moment, sliced score matching,
/// which is as proper a measure of a density that is known up to a factor (Hyvärinen 2005). Null where that
/// needs a smooth activation and the network has none.
template <class Scalar>
std::unique_ptr<objective::Objective<Scalar>> make_validation_objective(const config::RunConfig& config,
                                                                        const network::MlpShape& shape);

/// The validation loss of a report, for p(x) = exp(-E(x)/T)/Z.
double validation_loss(const objective::LossReport& report, const config::RunConfig& config);

/// Held-out rows that are looked at during training, over all shards.
inline constexpr std::int64_t most_validation_rows = 4096;

/// Which held-out rows of each owned shard are looked at: the first ones.
template <class Scalar>
std::vector<ShardRows> validation_rows(const comm::ShardMap& shards, const data::TrainingData<Scalar>& data);

}  // namespace ebmpi::training
