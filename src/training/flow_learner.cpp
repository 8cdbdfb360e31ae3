// SPDX-License-Identifier: Apache-2.0
#include "training/flow_learner.hpp"

#include <limits>

#include "comm/exact_sum.hpp"
#include "config/derived.hpp"
#include "network/flow_density.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {

using core::ExecutionSpace;

template <class Scalar>
FlowLearner<Scalar>::FlowLearner(const comm::Communicator& communicator, const config::RunConfig& config,
                                 const data::TrainingData<Scalar>& data, PhaseClock& clock)
    : batch_size_(config.optimizer.batch_size),
      learning_rate_(config::is_flow_contrast(config) ? config.flow.learning_rate
                                                      : config.optimizer.learning_rate),
      flow_(flow_shape(config, data.dimension())),
      average_(flow_.shape()),
      learner_(communicator, config.optimizer,
               {flow_.layout(), flow_.parameters(), average_.parameters(), weight_matrices(flow_.layout()),
                objective::flow_terms},
               clock),
      key_(core::stream_key(static_cast<std::uint64_t>(config.run.seed), core::Purpose::flow_samples)) {
  flow_.initialize(static_cast<std::uint64_t>(config.run.seed));
  // At first a coupling does nothing, so that the other normalisations are of normalised data and stay 1.
  std::vector<double> deviation = data.moments().deviation;
  for (double& value : deviation) value = value > 0.0 ? value : 1.0;
  flow_.normalize_step(0, data.moments().mean, deviation);
  Kokkos::deep_copy(average_.parameters(), flow_.parameters());
}

template <class Scalar>
void FlowLearner<Scalar>::draw(std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
                               const Buffer& log_density) const {
  network::draw_flow(ExecutionSpace(), flow_.view(), key_, step, first_number, x, log_density);
}

template <class Scalar>
void FlowLearner<Scalar>::log_density(const core::Rows<Scalar>& x, const Buffer& log_density) const {
  network::flow_log_density(ExecutionSpace(), flow_.view(), x, log_density);
}

template <class Scalar>
std::optional<StopReason> FlowLearner<Scalar>::accumulate(const objective::JetBatch<Scalar>& batch,
                                                          std::int64_t all_blocks,
                                                          const objective::Rival<Scalar>* rival,
                                                          StopReason wish) {
  return learner_.accumulate(static_cast<std::int64_t>(batch.blocks.extent(0)), all_blocks, wish,
                             [&](const core::FixedPointAdder& adder, int workers) {
                               objective::add_flow_gradients(ExecutionSpace(), flow_.view(), rival, batch,
                                                             key_, objective::Task::gradient, adder, workers);
                             });
}

template <class Scalar>
void FlowLearner<Scalar>::update(std::int64_t number, double rate, NormWish wish) {
  const double volume_weight = learner_.terms()[static_cast<std::size_t>(objective::FlowTerm::volume_weight)];
  const Buffer& gradient = learner_.mean_gradient(batch_size_);
  flow_.complete_gradient(volume_weight / static_cast<double>(batch_size_), gradient);
  learner_.update(number, learning_rate_ * rate, wish);
  flow_.pack();
}

template <class Scalar>
double FlowLearner<Scalar>::held_out_likelihood(const comm::Communicator& communicator,
                                                const comm::ShardMap& shards, const core::Rows<Scalar>& rows,
                                                const std::vector<ShardRows>& shard_rows,
                                                const network::Flow<Scalar>& flow) const {
  std::vector<std::vector<double>> partials;
  for (const ShardRows& part : shard_rows) {
    const core::Rows<Scalar> own = Kokkos::subview(
        rows, std::pair<std::int64_t, std::int64_t>(part.first, part.first + part.count), Kokkos::ALL);
    const Buffer values("ebmpi::training::log_densities", own.extent(0));
    network::flow_log_density(ExecutionSpace(), flow.view(), own, values);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), values);
    std::vector<double> sums{0.0, static_cast<double>(part.count)};
    for (std::size_t row = 0; row < host.extent(0); ++row) sums[0] += static_cast<double>(host(row));
    partials.push_back(std::move(sums));
  }
  const std::vector<double> sums = comm::sum_over_shards(communicator, shards, 2, partials);
  return sums[1] > 0.0 ? sums[0] / sums[1] : std::numeric_limits<double>::quiet_NaN();
}

template class FlowLearner<float>;
template class FlowLearner<double>;

}  // namespace ebmpi::training
