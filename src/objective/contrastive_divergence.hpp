// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Macros.hpp>

namespace ebmpi::objective {

/// Roles of the samples of a contrastive objective.
enum class Role : int { data = 0, chains = 1 };

/// Maximum likelihood by contrastive divergence (Hinton 2002, doi:10.1162/089976602760128018), short-run or
/// persistent chains alike: loss = mean E⁺ - mean E⁻ + λ (mean E⁺² + mean E⁻²), E⁺ at the data and E⁻ at the
/// chains. The weights are α⁺ = 1 + 2λE⁺ and α⁻ = -1 + 2λE⁻; the terms are the sums of E⁺, E⁺², E⁻, E⁻².
template <class Scalar>
struct ContrastiveDivergence {
  static constexpr int order = 0;
  static constexpr int terms = 4;

  Scalar energy_regularization = 0;  ///< λ >= 0

  KOKKOS_FORCEINLINE_FUNCTION void operator()(int role, const Scalar (&jet)[1], Scalar (&weight)[1],
                                              Scalar (&term)[4]) const {
    const Scalar energy = jet[0];
    const Scalar data = role == static_cast<int>(Role::data) ? Scalar(1) : Scalar(0);
    weight[0] = Scalar(2) * data - Scalar(1) + Scalar(2) * energy_regularization * energy;
    term[0] = data * energy;
    term[1] = data * energy * energy;
    term[2] = (Scalar(1) - data) * energy;
    term[3] = (Scalar(1) - data) * energy * energy;
  }
};

/// The loss of one step and its parts, from the sums over all ranks.
struct ContrastiveLoss {
  double loss = 0;
  double energy_data = 0;    ///< mean E⁺
  double energy_chains = 0;  ///< mean E⁻
  double spread_data = 0;    ///< standard deviation of E⁺ over the batch
  double spread_chains = 0;  ///< and of E⁻

  double gap() const { return energy_data - energy_chains; }
};

/// `sums`: E⁺, E⁺², E⁻, E⁻² over `samples` data and as many chains.
ContrastiveLoss contrastive_loss(const double (&sums)[4], double samples, double energy_regularization);

}  // namespace ebmpi::objective
