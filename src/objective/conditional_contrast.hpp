// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/group_contrast.hpp"
#include "objective/noise_contrast.hpp"

namespace ebmpi::objective {

/// Conditional noise contrastive estimation (Ceylan and Gutmann 2018, arXiv 1806.03664; without their factor
/// 2): which of x and y = x + sξ is the data? loss = mean_j log(1 + e^(E(x) - E(y_j))); the normaliser and
/// the symmetric noise cancel.
template <class Scalar>
struct ConditionalContrast : GroupDefaults<Scalar> {
  Scalar scale = 1;  ///< s > 0
  core::PhiloxKey key = {};

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    disturb_negatives(member, b, key, batch.step, b.lane_numbers, scale);
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const int group = this->group(), negatives = this->negatives;
    const Scalar one_of = Scalar(1) / static_cast<Scalar>(negatives);
    core::for_each(member, b.block.count, [=, this](int row) {
      const int first = row * group;
      Scalar loss = 0, pull = 0;
      for (int j = 1; j <= negatives; ++j) {
        Scalar slope;
        loss += one_of * softplus_and_slope(b.output[first] - b.output[first + j], slope);
        pull += one_of * slope;
        b.weights[first + j] = -one_of * slope;
      }
      b.weights[first] = pull;
      this->note(b, first, loss);
    });
  }

  LossReport report(const double* sums, double rows) const {
    return this->report_as(sums, rows, "energy_noise");
  }
};

/// `ratio`: ν, 1 to tile_size - 1; `scale`: standard deviation s of each coordinate of y - x.
template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_conditional_contrast(int ratio, double scale, core::PhiloxKey key,
                                                             const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
