// SPDX-License-Identifier: Apache-2.0
#include "objective/score_matching.hpp"

namespace ebmpi::objective {

/// A stream costs 6W: forward, reverse, gradient. Each pass carries the value and ℓ again; where ∇E comes
/// first, its products serve as the reverse pass of ℓ.
template <class Scalar>
double ScoreMatching<Scalar>::work(int dimension) const {
  return 6.0 * (this->all_directions(dimension) + 2.0 * this->passes(dimension));
}

template <class Scalar>
LossReport ScoreMatching<Scalar>::report(const double* sums, double rows) const {
  const double squared = sums[0] / rows, laplacian = sums[1] / rows;
  return {squared - laplacian,
          {{"squared_score", squared}, {"laplacian", laplacian}, {"energy_data", sums[2] / rows}}};
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_matching(const ScoreMatchingSettings& settings,
                                                       const network::MlpShape& shape,
                                                       const Regularization<Scalar>& regularization) {
  ScoreMatching<Scalar> program;
  program.regularization = regularization;
  program.take(settings, shape);
  return std::make_unique<ProgramObjective<Scalar, ScoreMatching<Scalar>>>(program);
}

template struct ScoreMatching<float>;
template struct ScoreMatching<double>;
template std::unique_ptr<Objective<float>> make_score_matching(const ScoreMatchingSettings&,
                                                               const network::MlpShape&,
                                                               const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_score_matching(const ScoreMatchingSettings&,
                                                                const network::MlpShape&,
                                                                const Regularization<double>&);

}  // namespace ebmpi::objective
