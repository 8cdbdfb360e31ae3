// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "objective/jet_gradient.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

/// The gradient and the loss terms that add_jet_gradients sums up.
struct JetSums {
  std::vector<double> gradient;           // (P)
  std::vector<double> terms;              // (Weigher::terms)
  std::vector<std::int64_t> fixed_point;  // the bits of both
};

/// Rows [0, rows) in blocks of `block` samples, the last one partial, all in one role.
inline std::vector<objective::SampleBlock> blocks_of(std::int64_t rows, std::int64_t block, int role = 0) {
  std::vector<objective::SampleBlock> blocks;
  for (std::int64_t first = 0; first < rows; first += block) {
    blocks.push_back({first, static_cast<int>(rows - first < block ? rows - first : block), role});
  }
  return blocks;
}

/// Sums over the blocks as training does: repeated until the fixed-point scales fit.
template <class Weigher, class Scalar>
JetSums jet_sums(const network::Mlp<Scalar>& mlp, const Weigher& weigher, const core::Rows<Scalar>& x,
                 const core::Rows<Scalar>& v, const std::vector<objective::SampleBlock>& blocks,
                 int workers) {
  std::vector<std::int64_t> slot_sizes;
  for (const auto& tensor : mlp.layout().tensors()) slot_sizes.push_back(tensor.size());
  slot_sizes.resize(slot_sizes.size() + Weigher::terms, 1);
  core::FixedPointSum sum(slot_sizes, workers);
  const objective::JetBatch<Scalar> batch{x, v, to_device(blocks)};
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    objective::add_jet_gradients(core::ExecutionSpace(), mlp.view(), weigher, batch, sum.adder(),
                                 sum.workers());
    sum.collect();
    if (sum.judge(static_cast<std::int64_t>(blocks.size())) != core::FixedPointSum::Verdict::good) continue;
    JetSums result;
    const std::int64_t parameters = mlp.layout().size();
    for (std::int64_t i = 0; i < parameters; ++i) result.gradient.push_back(sum.value(i));
    for (int t = 0; t < Weigher::terms; ++t) result.terms.push_back(sum.value(parameters + t));
    result.fixed_point.assign(sum.sums().begin(), sum.sums().end());
    return result;
  }
  throw std::runtime_error("the fixed-point sums did not become good");
}

}  // namespace ebmpi::test
