// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/objective.hpp"

namespace ebmpi::objective {

/// Maximum likelihood by contrastive divergence (Hinton 2002, doi:10.1162/089976602760128018), short-run or
/// persistent chains alike: loss = mean E⁺ - mean E⁻, E⁺ at the data and E⁻ at the chains, as many as data.
/// The weights are α⁺ = 1 and α⁻ = -1; the terms are the sums of E⁺, E⁺², E⁻, E⁻².
template <class Scalar>
struct ContrastiveDivergence : ProgramDefaults<Scalar> {
  static constexpr int order = 0;
  static constexpr int terms = 4;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const bool data = b.block.is_data();
    const Scalar sign = data ? Scalar(1) : Scalar(-1);
    Scalar* const sum = b.term(data ? 0 : 2);
    Scalar* const squares = b.term(data ? 1 : 3);
    core::for_each_lane(member, 1, [=](int, int lane) {
      const Scalar energy = b.output[lane];
      b.weights[lane] = sign;
      sum[lane] = energy;
      squares[lane] = energy * energy;
    });
  }

  double work(int) const { return 12.0; }
  /// `loss` and energy_data, energy_chains, energy_gap, spread_data, spread_chains: means, their difference,
  /// standard deviations over the batch.
  LossReport report(const double* sums, double rows) const;
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_contrastive_divergence(const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
