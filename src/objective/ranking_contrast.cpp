// SPDX-License-Identifier: Apache-2.0
#include "objective/ranking_contrast.hpp"

#include "objective/gradient_penalty.hpp"

namespace ebmpi::objective {

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_ranking_contrast(int ratio,
                                                         const Regularization<Scalar>& regularization) {
  return make_penalized<Scalar>(RankingContrast<Scalar>{{{regularization}, ratio}});
}

template std::unique_ptr<Objective<float>> make_ranking_contrast(int, const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_ranking_contrast(int, const Regularization<double>&);

}  // namespace ebmpi::objective
