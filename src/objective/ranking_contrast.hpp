// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/group_contrast.hpp"

namespace ebmpi::objective {

/// Ranking noise contrastive estimation (Ma and Collins 2018, arXiv 1809.01812): which of a data row and its
/// ν noise samples is the data? loss = E_0 + log p_n(x_0) + log Σ_j exp(-E_j - log p_n(x_j)), j = 0 … ν; α_0
/// = 1 - r_0, α_j = -r_j with r the softmax of the exponents. The normaliser cancels.
template <class Scalar>
struct RankingContrast : GroupDefaults<Scalar> {
  template <class Member>
  EBMPI_TILE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>& batch) const {
    const int count = b.count(), group = this->group();
    core::for_each(member, b.dimension * b.size, [=, this](int item) {
      const int row = item / b.size, lane = item % b.size;
      if (lane < count && lane % group > 0)
        b.input_row(row, 0)[lane] = batch.samples(noise_row(b, batch, lane), row);
    });
    core::for_each(member, count, [=, this](int lane) {
      b.kept[lane] = lane % group > 0 ? batch.log_noise(noise_row(b, batch, lane))
                                      : batch.log_noise(b.block.first + lane / group);
    });
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const int group = this->group();
    core::for_each(member, b.block.count, [=, this](int row) {
      const int first = row * group;
      Scalar* const weight = b.weights + first;
      const auto exponent = [=](int j) { return -b.output[first + j] - b.kept[first + j]; };
      const Scalar log_sum = softmax(group, exponent, weight);
      this->note(b, first, log_sum - exponent(0));
      for (int j = 0; j < group; ++j) weight[j] = (j == 0 ? Scalar(1) : Scalar(0)) - weight[j];
    });
  }

  LossReport report(const double* sums, double rows) const {
    return this->report_as(sums, rows, "energy_noise");
  }

private:
  /// Data row i has the negatives first_negative + i·ν and on.
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t noise_row(const JetBlock<Scalar>& b, const JetBatch<Scalar>& batch,
                                                     int lane) const {
    const int group = this->group();
    return batch.first_negative + (b.block.first + lane / group) * this->negatives + lane % group - 1;
  }
};

/// `ratio`: ν, noise samples to a data row; 1 to tile_size - 1.
template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_ranking_contrast(int ratio,
                                                         const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
