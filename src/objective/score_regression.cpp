// SPDX-License-Identifier: Apache-2.0
#include "objective/score_regression.hpp"

namespace ebmpi::objective {

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_regression(const core::Rows<Scalar>& targets) {
  ScoreRegression<Scalar> program;
  program.targets = targets;
  return std::make_unique<ProgramObjective<Scalar, ScoreRegression<Scalar>>>(std::move(program));
}

template std::unique_ptr<Objective<float>> make_score_regression(const core::Rows<float>&);
template std::unique_ptr<Objective<double>> make_score_regression(const core::Rows<double>&);

}  // namespace ebmpi::objective
