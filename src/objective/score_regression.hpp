// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "objective/jet_block.hpp"
#include "objective/objective.hpp"

namespace ebmpi::objective {

/// mean ½‖s(x) - g‖² of a network with d outputs and a target g for each row: order 0. Where x was simulated
/// at a parameter drawn around another and g is how far it lies away, in units of the width, s learns the
/// score with respect to the parameter (src/inference/README.md). The term is the sum of the loss.
template <class Scalar>
struct ScoreRegression : ProgramDefaults<Scalar> {
  static constexpr int order = 0;
  static constexpr int terms = 1;

  core::Rows<Scalar> targets;  // (N, d), of the rows of the batch

  template <class Member>
  EBMPI_TILE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                 const JetBatch<Scalar>&) const {
    const auto residual = [=, rows = targets](int row, int lane) {
      const int own = lane < b.block.count ? lane : b.block.count - 1;
      return b.output[row * b.lanes + lane] - rows(b.block.first + own, row);
    };
    core::sum_rows(member, b.outputs, b.term(0),
                   [=](int row, int lane) { return residual(row, lane) * residual(row, lane); });
    core::for_each_lane(member, b.outputs,
                        [=](int row, int lane) { b.weights[row * b.lanes + lane] = residual(row, lane); });
    core::for_each_lane(member, 1, [=](int, int lane) { b.term(0)[lane] *= Scalar(0.5); });
  }

  double work(int) const { return 6.0; }
  /// `loss` alone.
  LossReport report(const double* sums, double rows) const { return {sums[0] / rows, {}}; }
};

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_regression(const core::Rows<Scalar>& targets);

}  // namespace ebmpi::objective
