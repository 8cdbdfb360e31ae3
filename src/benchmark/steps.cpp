// SPDX-License-Identifier: Apache-2.0
#include "benchmark/steps.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include "benchmark/bench_objective.hpp"
#include "benchmark/kernels.hpp"
#include "benchmark/rate.hpp"
#include "config/derived.hpp"
#include "training/trainer.hpp"

namespace ebmpi::benchmark {
namespace {

using Clock = std::chrono::steady_clock;
using training::PhaseClock;
using training::StopReason;
using StepTrainer = training::Trainer<Scalar>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<BenchObjective> step_objectives() {
  std::vector<BenchObjective> all = bench_objectives();
  all.insert(all.begin() + 1,
             {"persistent_contrastive_divergence", "kind = \"persistent_contrastive_divergence\"", 1});
  return all;
}

config::RunConfig step_config(const BenchObjective& objective, const BenchNetwork& network,
                              std::int64_t batch_size) {
  config::RunConfig config = objective.config(network);
  config.data.count = 2 * batch_size;
  config.run.validate_every = 0;
  config.sampler.steps = chain_steps;
  config.sampler.population = 2 * batch_size;
  config.optimizer.batch_size = batch_size;
  // Steps of no length: what is measured must not change while it is.
  config.optimizer.learning_rate = 1e-30;
  return config;
}

/// Steps until one rank's time is over; which they agree on, so that all take as many.
std::int64_t run_for(StepTrainer& trainer, double seconds) {
  const auto start = Clock::now();
  std::int64_t steps = 0;
  StopReason stop = StopReason::none;
  while (stop == StopReason::none) {
    stop = trainer.step(seconds_since(start) < seconds ? StopReason::none : StopReason::time_limit);
    ++steps;
  }
  return steps;
}

double measure_checkpoint(const comm::Communicator& communicator, StepTrainer& trainer,
                          const std::string& path) {
  communicator.barrier();
  const auto start = Clock::now();
  trainer.save(path);
  const double seconds = seconds_since(start);
  communicator.together([&] {
    if (communicator.is_root()) std::filesystem::remove(path);
  });
  return seconds;
}

StepRow measure_step(const comm::Communicator& communicator, const BenchObjective& objective,
                     const BenchNetwork& network, const StepSettings& settings) {
  const std::int64_t batch_size = settings.samples * communicator.size();
  const config::RunConfig config = step_config(objective, network, batch_size);
  const std::int64_t shards = std::max<std::int64_t>(config::resolved_shards(config), communicator.size());
  const comm::ShardMap shard_map(shards, communicator.size(), communicator.rank());
  const auto source = training::open_source(communicator, config);
  StepTrainer trainer(communicator, shard_map, config, *source);
  run_for(trainer, 0.1 * settings.seconds);
  const PhaseClock before = trainer.clock();
  communicator.barrier();
  const auto start = Clock::now();
  const auto steps = static_cast<double>(run_for(trainer, settings.seconds));
  StepRow row{objective.name, network.name(), batch_size, trainer.parameters(), seconds_since(start) / steps};
  for (const training::Phase phase : training::all_phases) {
    const double own = (trainer.clock().seconds(phase) - before.seconds(phase)) / steps;
    const double mean = sum_over_ranks(communicator, own) / communicator.size();
    if (mean > 0.0) row.phases.emplace_back(name_of(phase), mean);
  }
  row.checkpoint_seconds = measure_checkpoint(communicator, trainer, settings.scratch_file);
  return row;
}

}  // namespace

std::vector<std::string> step_names() {
  std::vector<std::string> names;
  for (const BenchObjective& objective : step_objectives()) names.push_back(objective.name);
  return names;
}

std::vector<StepRow> measure_steps(const comm::Communicator& communicator, const BenchNetwork& network,
                                   const StepSettings& settings) {
  const std::vector<std::string>& wanted = settings.objectives;
  std::vector<StepRow> rows;
  for (const BenchObjective& objective : step_objectives()) {
    const bool wants =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), objective.name) != wanted.end();
    if (wants && objective.suits(network))
      rows.push_back(measure_step(communicator, objective, network, settings));
  }
  return rows;
}

}  // namespace ebmpi::benchmark
