// SPDX-License-Identifier: Apache-2.0
#include "training/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "data/row_store.hpp"
#include "data/validation_split.hpp"
#include "objective/flow_gradient.hpp"
#include "training/make_objective.hpp"
#include "training/settings.hpp"

namespace ebmpi::training {
namespace {

/// The rows that a streamed run keeps, over all ranks: held out, and spread evenly for a fit.
std::int64_t rows_beside_window(const config::RunConfig& config, std::int64_t rows) {
  const double fraction = data::held_out_fraction(config.data.validation_fraction, config.data.window, rows);
  return std::llround(fraction * static_cast<double>(rows)) + data::most_spread_rows;
}

/// Work of the chains on one row of the batch, in units of the weights: an energy with its gradient is 4.
/// Chains with a Metropolis test evaluate their start first.
double chain_work(const config::RunConfig& config) {
  constexpr double evaluation = 4.0;
  if (!config::is_contrastive_divergence(config)) return 0.0;
  const auto steps = static_cast<double>(config.sampler.steps);
  if (config::is_untested(config)) return evaluation * steps;
  const double leapfrogs =
      config::has_trajectories(config) ? static_cast<double>(config.sampler.leapfrogs) : 1.0;
  return evaluation * (steps * leapfrogs + 1.0) * static_cast<double>(config::replicas(config));
}

/// Rows of numbers that the rank with the largest share keeps of chains, beside the negatives themselves.
double chain_rows(const config::RunConfig& config, const comm::ShardMap& most) {
  if (!config::is_contrastive_divergence(config)) return 0.0;
  const auto replicas = static_cast<double>(config::replicas(config));
  const auto batch = static_cast<double>(most.owned_slice(config.optimizer.batch_size).size());
  const double population =
      is_persistent(config) ? static_cast<double>(most.owned_slice(config.sampler.population).size()) : 0.0;
  const double gradients = config::is_untested(config) ? 0.0 : replicas * batch;
  return replicas * population + gradients + (replicas > 1.0 ? replicas * batch : 0.0);
}

/// Parameters, and the work of one data row in a step.
struct ModelCost {
  std::int64_t parameters = 0;
  double flops = 0;
};

template <class Scalar>
ModelCost network_cost(const config::RunConfig& config, int dimension) {
  const network::MlpShape shape = mlp_shape(config, dimension);
  const double work = chain_work(config) + make_objective<Scalar>(config, shape)->work(dimension);
  return {network::mlp_layout(shape).size(), static_cast<double>(shape.weights()) * work};
}

ModelCost flow_cost(const config::RunConfig& config, int dimension) {
  const network::FlowShape shape = flow_shape(config, dimension);
  return {network::flow_layout(shape).size(),
          static_cast<double>(shape.weights()) * objective::flow_work(config::has_network(config))};
}

/// In the turn of the energy the flow draws a sample and evaluates a row, 4 W; in its own the energy
/// evaluates both, one of them with its gradient.
template <class Scalar>
ModelCost cost_of_turns(const config::RunConfig& config, int dimension) {
  const ModelCost energy = network_cost<Scalar>(config, dimension), flow = flow_cost(config, dimension);
  const double energy_turn =
      energy.flops + 4.0 * static_cast<double>(flow_shape(config, dimension).weights());
  const double flow_turn = flow.flops + 6.0 * static_cast<double>(mlp_shape(config, dimension).weights());
  return {energy.parameters + flow.parameters, 0.5 * (energy_turn + flow_turn)};
}

template <class Scalar>
ModelCost model_cost(const config::RunConfig& config, int dimension) {
  if (!config::has_network(config)) return flow_cost(config, dimension);
  return config::has_flow(config) ? cost_of_turns<Scalar>(config, dimension)
                                  : network_cost<Scalar>(config, dimension);
}

}  // namespace

template <class Scalar>
Cost cost_of_step(const config::RunConfig& config, int dimension, const comm::ShardMap& shards,
                  std::int64_t training_rows, int ranks) {
  Cost cost;
  const ModelCost model = model_cost<Scalar>(config, dimension);
  cost.parameters = model.parameters;
  cost.training_rows = training_rows;
  cost.shards = shards.shards();
  cost.ranks = ranks;
  const std::int64_t batch = config.optimizer.batch_size;
  cost.flops_per_step = static_cast<double>(batch) * model.flops;
  cost.flops = cost.flops_per_step * static_cast<double>(config.run.steps);

  const bool streamed = data::is_streamed(config.data.window, training_rows);
  cost.rows_in_memory =
      streamed ? config.data.window + rows_beside_window(config, training_rows) : training_rows;
  const comm::ShardMap most(shards.shards(), ranks, 0);  // the first rank owns the largest share
  const double numbers =
      static_cast<double>(dimension) *
          static_cast<double>(most.owned_slice(cost.rows_in_memory).size() + most.owned_slice(batch).size() +
                              most.owned_slice(negative_rows(config, batch)).size()) +
      static_cast<double>(dimension) * chain_rows(config, most);
  // Parameters, gradient, average, two packed copies of both networks, two moments; then the 64-bit sums: one
  // copy a thread, and the total.
  const double copies = 9.0 * sizeof(Scalar) + 8.0 * (core::ExecutionSpace().concurrency() + 1);
  cost.bytes_per_rank = numbers * sizeof(Scalar) + static_cast<double>(cost.parameters) * copies;
  return cost;
}

void require_memory(const comm::Communicator& communicator, const Cost& cost) {
  constexpr double largest = 4e18;  // fits std::size_t, and no machine has it
  communicator.together([&] {
    try {
      Kokkos::kokkos_free<core::MemorySpace>(Kokkos::kokkos_malloc<core::MemorySpace>(
          "ebmpi::training::memory_probe", static_cast<std::size_t>(std::min(cost.bytes_per_rank, largest))));
    } catch (const std::exception&) {
      throw core::InputError(fmt::format(
          "the run needs {:.3g} GB of memory on a rank (data, chains, parameters, sums), and rank {} was "
          "refused them; use more ranks on "
          "more nodes, or a smaller optimizer.batch_size, sampler.population, network.hidden or data set; or "
          "set data.window, here {} of {} rows, to the rows that may be in memory at a time",
          cost.bytes_per_rank / 1e9, communicator.rank(), cost.rows_in_memory, cost.training_rows));
    }
  });
}

std::string describe(const Cost& cost) {
  return fmt::format(
      "the config is valid\n"
      "parameters           {}\n"
      "training rows        {}\n"
      "rows in memory       {} over all ranks\n"
      "shards               {} on {} ranks\n"
      "memory of a rank     {:.1f} MB (data, chains, parameters, sums)\n"
      "work of a step       {:.4g} GF over all ranks\n"
      "work of the run      {:.4g} TF\n",
      cost.parameters, cost.training_rows, cost.rows_in_memory, cost.shards, cost.ranks,
      cost.bytes_per_rank / 1e6, cost.flops_per_step / 1e9, cost.flops / 1e12);
}

template Cost cost_of_step<float>(const config::RunConfig&, int, const comm::ShardMap&, std::int64_t, int);
template Cost cost_of_step<double>(const config::RunConfig&, int, const comm::ShardMap&, std::int64_t, int);

}  // namespace ebmpi::training
