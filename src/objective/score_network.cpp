// SPDX-License-Identifier: Apache-2.0
#include "objective/score_network.hpp"

namespace ebmpi::objective {

template <class Scalar>
LossReport ScoreNetworkMatching<Scalar>::report(const double* sums, double rows) const {
  return {(sums[0] + sums[1]) / rows, {{"squared_score", sums[0] / rows}, {"divergence", sums[1] / rows}}};
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_network_matching(const ScoreMatchingSettings& settings,
                                                               const network::MlpShape& shape) {
  ScoreNetworkMatching<Scalar> program;
  program.take(settings, shape);
  return std::make_unique<ProgramObjective<Scalar, ScoreNetworkMatching<Scalar>>>(program);
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_score_network_denoising(const DenoisingSettings& settings) {
  ScoreNetworkDenoising<Scalar> program{{}, make_noise_scale<Scalar>(settings)};
  return std::make_unique<ProgramObjective<Scalar, ScoreNetworkDenoising<Scalar>>>(std::move(program));
}

template struct ScoreNetworkMatching<float>;
template struct ScoreNetworkMatching<double>;
template std::unique_ptr<Objective<float>> make_score_network_matching(const ScoreMatchingSettings&,
                                                                       const network::MlpShape&);
template std::unique_ptr<Objective<double>> make_score_network_matching(const ScoreMatchingSettings&,
                                                                        const network::MlpShape&);
template std::unique_ptr<Objective<float>> make_score_network_denoising(const DenoisingSettings&);
template std::unique_ptr<Objective<double>> make_score_network_denoising(const DenoisingSettings&);

}  // namespace ebmpi::objective
