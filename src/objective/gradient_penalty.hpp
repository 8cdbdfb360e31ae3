// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "objective/objective.hpp"

namespace ebmpi::objective {

/// An objective of order 0 with the penalty μ‖∇E‖² on each of its samples (zero-centred, as in Mescheder et
/// al. 2018, arXiv 1801.04406): a jet along u = ∇E with the weight 2μ on Ė = u·∇E, since u is held fixed.
template <class Scalar, class Program>
struct WithGradientPenalty : Program {
  static_assert(Program::order == 0);
  static constexpr int order = 1;

  KOKKOS_FORCEINLINE_FUNCTION bool wants_gradient(int) const { return true; }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void aim(const Member& member, const JetBlock<Scalar>& b,
                                       const JetBatch<Scalar>&) const {
    core::sum_rows(member, b.dimension, b.slope_square, [=](int row, int lane) {
      return b.gradient[row * b.size + lane] * b.gradient[row * b.size + lane];
    });
    core::for_each_lane(member, b.inputs, [=](int row, int lane) {
      b.input_row(row, 1)[lane] = row < b.dimension ? b.gradient[row * b.size + lane] : Scalar(0);
    });
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>& batch) const {
    Program::weigh(member, b, batch);
    const Scalar penalty = this->regularization.gradient;
    core::for_each_lane(
        member, 1, [=](int, int lane) { b.weights[b.size + lane] = Scalar(2) * penalty * b.share[lane]; });
  }

  /// Energy and ∇E 4W, the direction forward 2W, the value in reverse 2W, two streams into the gradient 4W:
  /// 12W for 6W.
  double work(int dimension) const { return 2.0 * Program::work(dimension); }
};

/// The objective of a program of order 0, with the penalty where it is asked for.
template <class Scalar, class Program>
std::unique_ptr<Objective<Scalar>> make_penalized(const Program& program) {
  if (program.regularization.gradient == Scalar(0))
    return std::make_unique<ProgramObjective<Scalar, Program>>(program);
  return std::make_unique<ProgramObjective<Scalar, WithGradientPenalty<Scalar, Program>>>(
      WithGradientPenalty<Scalar, Program>{program});
}

}  // namespace ebmpi::objective
