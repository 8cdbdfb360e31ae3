// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "sampling/noise_model.hpp"

namespace ebmpi::training {

/// The noise that noise contrastive estimation tells data from: fitted to the training rows at the start of
/// every process, since the fit is a function of the config and the data alone.
template <class Scalar>
class ContrastNoise {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  /// Collective.
  ContrastNoise(const comm::Communicator& communicator, const comm::ShardMap& shards,
                const config::RunConfig& config, const data::TrainingData<Scalar>& data);

  /// Fills x (N, D) with the samples number `first_number` and on of `step` (0: for a validation), and
  /// log_density (N) with log p_n of them.
  void draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
            const Buffer& log_density) const;
  /// log_density (N) = log p_n(x) at x (N, D).
  void log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const;

private:
  sampling::NoiseModel<Scalar> model_;
  core::PhiloxKey key_;
};

}  // namespace ebmpi::training
