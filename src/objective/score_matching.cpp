// SPDX-License-Identifier: Apache-2.0
#include "objective/score_matching.hpp"

#include <algorithm>
#include <numeric>

namespace ebmpi::objective {

int directions_in_pass(int inputs, int hidden_units, int directions) {
  // Numbers of a sample that a direction adds to: hidden units, their rates, two layers of adjoints, a
  // transposed layer; a layer is at most all hidden units.
  constexpr int most_numbers = 32768, fewest = 4, most = 32;
  const int numbers = 3 * hidden_units + inputs;
  const int chosen = std::clamp(most_numbers / std::max(1, numbers), fewest, most);
  const int passes = (directions + chosen - 1) / chosen;
  return (directions + passes - 1) / passes;
}

/// A stream costs 6W: forward, reverse, gradient. Each pass carries the value and ℓ again; ∇E before the
/// first one costs 2W more.
template <class Scalar>
double ScoreMatching<Scalar>::work(int dimension) const {
  return 6.0 * (all_directions(dimension) + 2.0 * passes(dimension)) + (wants_gradient(0) ? 2.0 : 0.0);
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
  program.kind = settings.directions;
  program.squared_score = settings.squared_score;
  program.projections = settings.projections;
  program.key = settings.key;
  program.most_directions =
      directions_in_pass(shape.inputs, std::accumulate(shape.hidden.begin(), shape.hidden.end(), 0),
                         program.all_directions(shape.inputs));
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
