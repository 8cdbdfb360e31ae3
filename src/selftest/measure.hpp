// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "network/mlp.hpp"
#include "objective/objective.hpp"
#include "selftest/samples.hpp"

namespace ebmpi::selftest {

/// A network with the given flat parameters, ready for kernels. Throws std::invalid_argument where their
/// number is not that of the layout.
network::Mlp<float> network_of(const network::MlpShape& shape, const std::vector<double>& parameters);

/// Data rows in blocks of as many as a tile holds with their groups, and, where a group is the row alone,
/// negatives in blocks of their own: as training makes them.
std::vector<objective::SampleBlock> blocks_of(const Samples& samples, int group);

/// Sums of the gradient and of the loss terms over blocks.
struct BlockSums {
  std::vector<std::int64_t> bits;       ///< in fixed point: (P + terms)
  std::vector<std::int64_t> exponents;  ///< log2 of the scales of `bits`: (tensors + terms)
  std::vector<double> values;           ///< (P + terms); all NaN where any is not a finite number
                                        ///< or the scales never fitted
};

/// Adds them up with `workers` teams at a time, in as many rounds as the scales need; with `exponents` given,
/// in one round with those, and without `values`.
BlockSums sum_blocks(const objective::Objective<float>& objective, const network::Mlp<float>& mlp,
                     const Samples& samples, const std::vector<objective::SampleBlock>& blocks, int workers,
                     const std::vector<std::int64_t>& exponents = {});

/// The loss of a network at some samples, and its gradient.
struct Measurement {
  objective::LossReport report;
  std::vector<double> gradient;  // (P)
};

Measurement measure(const objective::Objective<float>& objective, const network::Mlp<float>& mlp,
                    const Samples& samples);

}  // namespace ebmpi::selftest
