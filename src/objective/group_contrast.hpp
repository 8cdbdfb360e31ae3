// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/objective.hpp"

namespace ebmpi::objective {

/// Objectives that compare a data row with negatives of its own. Row and negatives are neighbouring lanes of
/// one tile, the row first, so that a loss which couples them sees all their energies at once; 1 + negatives
/// is at most tile_size, and tiles are filled best where it divides that.
template <class Scalar>
struct GroupDefaults : ProgramDefaults<Scalar> {
  static constexpr int order = 0;
  /// Sums of the loss, E of the data, E of the negatives (their mean in each group).
  static constexpr int terms = 3;

  int negatives = 1;

  KOKKOS_FORCEINLINE_FUNCTION int group() const { return 1 + negatives; }

  /// What all of them note of a group whose first lane is `lane`; `loss` is its loss.
  KOKKOS_FORCEINLINE_FUNCTION void note(const JetBlock<Scalar>& b, int lane, Scalar loss) const {
    const Scalar one_of = Scalar(1) / static_cast<Scalar>(negatives);
    b.term(0)[lane] = loss;
    b.term(1)[lane] = b.output[lane];
    for (int j = 1; j <= negatives; ++j) {
      b.share[lane + j] = one_of;
      b.term(2)[lane + j] = one_of * b.output[lane + j];
    }
  }

  double work(int) const { return 6.0 * (1.0 + negatives); }
  /// `loss` and energy_data, and the negatives' mean energy as `name_of_negatives`.
  LossReport report_as(const double* sums, double rows, const char* name_of_negatives) const {
    return {sums[0] / rows, {{"energy_data", sums[1] / rows}, {name_of_negatives, sums[2] / rows}}};
  }
};

/// `value` of lane j of a group is e^(exponent(j) - highest)/total, with the shift that keeps it from
/// overflow; returns log Σ_j e^exponent(j).
template <class Scalar, class Exponent>
KOKKOS_FORCEINLINE_FUNCTION Scalar softmax(int count, const Exponent& exponent, Scalar* value) {
  Scalar highest = exponent(0);
  for (int j = 1; j < count; ++j) highest = exponent(j) > highest ? exponent(j) : highest;
  Scalar total = 0;
  for (int j = 0; j < count; ++j) {
    value[j] = Kokkos::exp(exponent(j) - highest);
    total += value[j];
  }
  for (int j = 0; j < count; ++j) value[j] /= total;
  return highest + Kokkos::log(total);
}

/// Adds scale · N(0, I) to the value stream of lanes j >= 1 of each group, or one such vector to all of them:
/// a pure function of (key, number, step), the number that of the lane or of the data row.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void disturb_negatives(const Member& member, const JetBlock<Scalar>& b,
                                           core::PhiloxKey key, std::uint32_t step,
                                           const std::int64_t* numbers, Scalar scale) {
  core::NormalRows<Scalar> normal(key, step, numbers, b.ring, b.dimension);
  normal.advance(member);
  for (int row = 0; row < b.dimension; ++row) {
    core::for_each_lane(member, 1, [=, from = normal.row(row), to = b.input_row(row, 0)](int, int lane) {
      to[lane] += lane % b.group > 0 ? scale * from[lane] : Scalar(0);
    });
  }
}

}  // namespace ebmpi::objective
