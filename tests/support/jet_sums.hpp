// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "objective/objective.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

using objective::JetBatch;
using objective::JetBlock;
using objective::Objective;
using objective::SampleBlock;
using objective::Task;

/// The gradient and the loss terms that an objective sums up.
struct JetSums {
  std::vector<double> gradient;           // (P)
  std::vector<double> terms;              // (Objective::terms)
  std::vector<std::int64_t> fixed_point;  // the bits of both
};

/// Rows [first, end) in blocks of `block` samples, the last one partial, all in one role. Rows are numbered
/// from `first` on.
inline std::vector<SampleBlock> blocks_of(std::int64_t end, std::int64_t block, int role = 0,
                                          std::int64_t first = 0) {
  std::vector<SampleBlock> blocks;
  for (std::int64_t row = first; row < end; row += block)
    blocks.push_back({row, static_cast<int>(end - row < block ? end - row : block), role, row - first});
  return blocks;
}

/// Blocks as training makes them: as many rows as fill a tile.
template <class Scalar>
std::vector<SampleBlock> blocks_for(const Objective<Scalar>& objective, std::int64_t rows) {
  return blocks_of(rows, core::tile_size / objective.group());
}

/// Samples (N, D), the blocks that they make, and log p_n of each where the objective reads it.
template <class Scalar>
JetBatch<Scalar> batch_of(const core::Rows<Scalar>& samples, const std::vector<SampleBlock>& blocks,
                          std::int64_t first_negative = 0, const std::vector<Scalar>& log_noise = {}) {
  return {samples, to_device(blocks), 1, first_negative, to_device(log_noise)};
}

/// Sums over the blocks as training does: repeated until the fixed-point scales fit.
template <class Scalar>
JetSums jet_sums(const network::Mlp<Scalar>& mlp, const Objective<Scalar>& objective,
                 const JetBatch<Scalar>& batch, int workers = 2, Task task = Task::gradient) {
  std::vector<std::int64_t> slot_sizes;
  for (const auto& tensor : mlp.layout().tensors()) slot_sizes.push_back(tensor.size());
  const auto terms = static_cast<std::size_t>(objective.terms());
  slot_sizes.resize(slot_sizes.size() + terms, 1);
  core::FixedPointSum sum(slot_sizes, workers);
  const std::int64_t addends = static_cast<std::int64_t>(batch.blocks.extent(0)) *
                               objective.passes(static_cast<int>(batch.samples.extent(1)));
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    objective.add(core::ExecutionSpace(), mlp.view(), batch, task, sum.adder(), sum.workers());
    sum.collect();
    if (sum.judge(addends) != core::FixedPointSum::Verdict::good) continue;
    JetSums result;
    const std::int64_t parameters = mlp.layout().size();
    for (std::int64_t i = 0; i < sum.values(); ++i)
      (i < parameters ? result.gradient : result.terms).push_back(sum.value(i));
    result.fixed_point.assign(sum.sums().begin(), sum.sums().end());
    return result;
  }
  throw std::runtime_error("the fixed-point sums did not become good");
}

/// What a program of a test need not say.
template <class Scalar>
struct TestProgram : objective::ProgramDefaults<Scalar> {
  double work(int) const { return 0.0; }
  objective::LossReport report(const double*, double) const { return {}; }
};

template <class Scalar, class Program>
std::unique_ptr<Objective<Scalar>> objective_of(const Program& program) {
  return std::make_unique<objective::ProgramObjective<Scalar, Program>>(program);
}

}  // namespace ebmpi::test
