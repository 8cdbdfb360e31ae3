// SPDX-License-Identifier: Apache-2.0
#include "training/energy_learner.hpp"

#include "training/make_objective.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

template <class Scalar>
EnergyLearner<Scalar>::EnergyLearner(const comm::Communicator& communicator, const config::RunConfig& config,
                                     int dimension, PhaseClock& clock)
    : batch_size_(config.optimizer.batch_size),
      network_(mlp_shape(config, dimension)),
      average_(network_.shape()),
      objective_(make_objective<Scalar>(config, network_.shape())),
      learner_(communicator, config.optimizer,
               {network_.layout(), network_.parameters(), average_.parameters(),
                weight_matrices(network_.layout()), objective_->terms(), network_.shape().layers()},
               clock) {
  network_.initialize(static_cast<std::uint64_t>(config.run.seed));
  if (config.network.spectral_norm) {
    learner_.keep_spectral_norm(static_cast<std::uint64_t>(config.run.seed));
    network_.pack();
  }
  Kokkos::deep_copy(average_.parameters(), network_.parameters());
}

template <class Scalar>
std::optional<StopReason> EnergyLearner<Scalar>::accumulate(const objective::JetBatch<Scalar>& batch,
                                                            std::int64_t all_blocks, StopReason wish) {
  const std::int64_t addends = all_blocks * objective_->passes(static_cast<int>(batch.samples.extent(1)));
  return learner_.accumulate(static_cast<std::int64_t>(batch.blocks.extent(0)), addends, wish,
                             [&](const core::FixedPointAdder& adder, int workers) {
                               objective_->add(core::ExecutionSpace(), network_.view(), batch,
                                               objective::Task::gradient, adder, workers);
                             });
}

template <class Scalar>
void EnergyLearner<Scalar>::update(std::int64_t number, double learning_rate, NormWish wish) {
  learner_.mean_gradient(batch_size_);
  learner_.update(number, learning_rate, wish);
  network_.pack();
}

template class EnergyLearner<float>;
template class EnergyLearner<double>;

}  // namespace ebmpi::training
