// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "io/file_writer.hpp"
#include "network/flow.hpp"
#include "sampling/noise_model.hpp"
#include "training/broad_noise.hpp"

namespace ebmpi::training {

/// The noise that noise contrastive estimation tells data from: fitted to the training rows at the start of
/// every process, since the fit is a function of the config and the data alone; or a flow that was trained
/// before, which checkpoints hold, since its file may change.
template <class Scalar>
class ContrastNoise {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  /// Collective. A flow comes from the run's own `checkpoint`, where there is one. Throws core::InputError
  /// where the flow that the config names does not fit the data.
  ContrastNoise(const comm::Communicator& communicator, const comm::ShardMap& shards,
                const config::RunConfig& config, const data::TrainingData<Scalar>& data,
                const std::string& checkpoint);

  /// Fills x (N, D) with the samples number `first_number` and on of `step` (0: for a validation), and
  /// log_density (N) with log p_n of them.
  void draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
            const Buffer& log_density) const;
  /// log_density (N) = log p_n(x) at x (N, D).
  void log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const;

  /// Writes the group /noise_flow of a checkpoint where the noise is a flow. Collective.
  void write(io::FileWriter& file) const;

private:
  void blend(const core::Rows<Scalar>& x, const Buffer& log_density) const;
  void read_flow_noise(const comm::Communicator& communicator, const config::RunConfig& config,
                       const data::TrainingData<Scalar>& data, const std::string& checkpoint);

  std::optional<sampling::NoiseModel<Scalar>> model_;  // one of the two
  std::optional<network::Flow<Scalar>> flow_;
  std::optional<BroadNoise<Scalar>> broad_;  // blended with the flow
  double broad_share_ = 0.0;                 // of the samples
  std::string flow_config_;                  // of the run that trained it
  core::PhiloxKey key_;
};

}  // namespace ebmpi::training
