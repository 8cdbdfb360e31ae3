// SPDX-License-Identifier: Apache-2.0
#include "benchmark/bench_objective.hpp"

#include <fmt/format.h>

#include "config/parse.hpp"
#include "core/to_device.hpp"
#include "training/blocks.hpp"
#include "training/make_objective.hpp"
#include "training/settings.hpp"

namespace ebmpi::benchmark {

config::RunConfig BenchObjective::config(const BenchNetwork& network) const {
  config::RunConfig config = config::parse_config(
      fmt::format("[data]\ndensity = \"gaussian\"\ndimension = {}\n[objective]\n{}", network.inputs, keys),
      "bench");
  config.network.hidden.assign(static_cast<std::size_t>(network.depth), network.width);
  return config;
}

bool BenchObjective::suits(const BenchNetwork& network) const {
  constexpr int most_exact_inputs = 64;
  return name != "exact" || network.inputs <= most_exact_inputs;
}

const std::vector<BenchObjective>& bench_objectives() {
  static const std::vector<BenchObjective> all = {
      {"contrastive_divergence", "kind = \"contrastive_divergence\"", 1},
      {"noise_contrast", "kind = \"noise_contrastive_estimation\"", 4},
      {"denoising", "kind = \"denoising_score_matching\""},
      {"sliced", "kind = \"sliced_score_matching\"\nvariance_reduction = false"},
      {"sliced_reduced", "kind = \"sliced_score_matching\""},
      {"exact", "kind = \"score_matching\""},
      {"energy_discrepancy", "kind = \"energy_discrepancy\"\nperturbations = 3"}};
  return all;
}

ObjectiveWork::ObjectiveWork(const BenchObjective& objective, const BenchNetwork& network, std::int64_t rows)
    : config_(objective.config(network)),
      dimension_(network.inputs),
      mlp_(training::mlp_shape(config_, network.inputs)),
      objective_(training::make_objective<Scalar>(config_, mlp_.shape())) {
  mlp_.initialize(1);
  const std::int64_t negatives = objective.negatives * rows;
  const core::Rows<Scalar> samples("ebmpi::benchmark::samples", rows + negatives, dimension_);
  const Kokkos::View<Scalar*, core::MemorySpace> log_noise("ebmpi::benchmark::log_noise", rows + negatives);
  std::vector<objective::SampleBlock> blocks;
  training::append_blocks(blocks, {0, rows, 0}, core::tile_size / objective_->group(), objective::Role::data);
  training::append_blocks(blocks, {rows, negatives, 0}, core::tile_size, objective::Role::negative);
  batch_ = {samples, core::to_device<objective::SampleBlock>(blocks, "ebmpi::benchmark::blocks"), 1, rows,
            log_noise};
  std::vector<std::int64_t> sizes;
  for (const network::ParameterTensor& tensor : mlp_.layout().tensors()) sizes.push_back(tensor.size());
  sizes.insert(sizes.end(), static_cast<std::size_t>(objective_->terms()), 1);
  sums_ = std::make_unique<core::FixedPointSum>(sizes, core::ExecutionSpace().concurrency());
}

void ObjectiveWork::operator()() {
  sums_->clear();
  objective_->add(core::ExecutionSpace(), mlp_.view(), batch_, objective::Task::gradient, sums_->adder(),
                  sums_->workers());
  sums_->collect();
}

double ObjectiveWork::operations() const {
  return objective_->work(dimension_) * static_cast<double>(mlp_.shape().weights());
}

}  // namespace ebmpi::benchmark
