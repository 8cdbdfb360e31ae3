// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/group_contrast.hpp"

namespace ebmpi::objective {

/// Energy discrepancy (Schröder et al. 2023, arXiv 2307.06431): loss = log(w/M + (1/M) Σ_j exp(E(x) -
/// E(x_j))), x_j = x + √t ξ + √t ξ_j with ξ common to all j. With r the softmax over log w and the exponents,
/// α = Σ_j r_j on the row and -r_j on x_j.
template <class Scalar>
struct EnergyDiscrepancy : GroupDefaults<Scalar> {
  Scalar root_time = 1;      ///< √t > 0
  Scalar stabilization = 1;  ///< w > 0
  core::PhiloxKey common_key = {}, own_key = {};

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    disturb_negatives(member, b, common_key, batch.step, b.numbers, root_time);
    disturb_negatives(member, b, own_key, batch.step, b.lane_numbers, root_time);
  }

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const int group = this->group();
    const Scalar log_w = Kokkos::log(stabilization),
                 log_m = Kokkos::log(static_cast<Scalar>(this->negatives));
    core::for_each(member, b.block.count, [=, this](int row) {
      const int first = row * group;
      Scalar* const weight = b.weights + first;
      const auto exponent = [=](int j) { return j == 0 ? log_w : b.output[first] - b.output[first + j]; };
      const Scalar log_sum = softmax(group, exponent, weight);
      this->note(b, first, log_sum - log_m);
      weight[0] = Scalar(1) - weight[0];
      for (int j = 1; j < group; ++j) weight[j] = -weight[j];
    });
  }

  LossReport report(const double* sums, double rows) const {
    return this->report_as(sums, rows, "energy_perturbed");
  }
};

struct EnergyDiscrepancySettings {
  double time = 0.09;          ///< t > 0
  int perturbations = 15;      ///< M, 1 to tile_size - 1
  double stabilization = 1.0;  ///< w > 0
  core::PhiloxKey common_key = {}, own_key = {};
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_energy_discrepancy(const EnergyDiscrepancySettings& settings,
                                                           const Regularization<Scalar>& regularization);

}  // namespace ebmpi::objective
