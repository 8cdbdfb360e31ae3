// SPDX-License-Identifier: Apache-2.0
#include "selftest/measure.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace ebmpi::selftest {

using core::ExecutionSpace;
using core::FixedPointSum;
using objective::SampleBlock;

namespace {
/// One to calibrate the scales and one to add; more only where a machine gives different sums each time.
constexpr int most_rounds = 4;
}  // namespace

network::Mlp<float> network_of(const network::MlpShape& shape, const std::vector<double>& parameters) {
  network::Mlp<float> mlp(shape);
  if (static_cast<std::int64_t>(parameters.size()) != mlp.layout().size())
    throw std::invalid_argument("the parameters do not fit the shape of the network");
  Kokkos::deep_copy(mlp.parameters(), to_device(std::vector<float>(parameters.begin(), parameters.end())));
  mlp.pack();
  return mlp;
}

std::vector<SampleBlock> blocks_of(const Samples& samples, int group) {
  std::vector<SampleBlock> blocks;
  const auto add = [&](std::int64_t begin, std::int64_t end, std::int64_t size, objective::Role role) {
    for (std::int64_t first = begin; first < end; first += size)
      blocks.push_back(
          {first, static_cast<int>(std::min(size, end - first)), static_cast<int>(role), first - begin});
  };
  add(0, samples.rows(), core::tile_size / group, objective::Role::data);
  if (group == 1)
    add(samples.rows(), samples.rows() + samples.negatives(), core::tile_size, objective::Role::negative);
  return blocks;
}

BlockSums sum_blocks(const objective::Objective<float>& objective, const network::Mlp<float>& mlp,
                     const Samples& samples, const std::vector<SampleBlock>& blocks, int workers,
                     const std::vector<std::int64_t>& exponents) {
  std::vector<std::int64_t> slot_sizes;
  for (const network::ParameterTensor& tensor : mlp.layout().tensors()) slot_sizes.push_back(tensor.size());
  slot_sizes.resize(slot_sizes.size() + static_cast<std::size_t>(objective.terms()), 1);
  FixedPointSum sum(slot_sizes, workers);
  if (!exponents.empty()) sum.set_exponents(exponents);
  const objective::JetBatch<float> batch{samples.x(), to_device(blocks), 1, samples.rows(),
                                         samples.log_noise()};
  const auto addends = static_cast<std::int64_t>(blocks.size()) * objective.passes(samples.dimension());

  BlockSums result;
  auto verdict = FixedPointSum::Verdict::repeat;
  for (int round = 0; round < most_rounds && verdict == FixedPointSum::Verdict::repeat; ++round) {
    sum.clear();
    objective.add(ExecutionSpace(), mlp.view(), batch, objective::Task::gradient, sum.adder(), sum.workers());
    sum.collect();
    result.exponents = sum.exponents();
    result.bits.assign(sum.sums().begin(), sum.sums().end());
    if (!exponents.empty()) return result;
    verdict = sum.judge(addends);
  }
  for (std::int64_t i = 0; i < sum.values(); ++i) {
    result.values.push_back(
        verdict == FixedPointSum::Verdict::good ? sum.value(i) : std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

Measurement measure(const objective::Objective<float>& objective, const network::Mlp<float>& mlp,
                    const Samples& samples) {
  const BlockSums sums = sum_blocks(objective, mlp, samples, blocks_of(samples, objective.group()),
                                    ExecutionSpace().concurrency());
  const auto rows = static_cast<double>(samples.rows());
  const auto parameters = static_cast<std::size_t>(mlp.layout().size());
  Measurement result;
  result.report = objective.report(std::span(sums.values).subspan(parameters), rows);
  for (std::size_t i = 0; i < parameters; ++i) result.gradient.push_back(sums.values[i] / rows);
  return result;
}

}  // namespace ebmpi::selftest
