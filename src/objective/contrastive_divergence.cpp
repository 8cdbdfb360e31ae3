// SPDX-License-Identifier: Apache-2.0
#include "objective/contrastive_divergence.hpp"

#include <algorithm>
#include <cmath>

#include "objective/gradient_penalty.hpp"

namespace ebmpi::objective {

template <class Scalar>
LossReport ContrastiveDivergence<Scalar>::report(const double* sums, double rows) const {
  const double data = sums[0] / rows, chains = sums[2] / rows;
  const auto deviation = [](double mean, double square) {
    return std::sqrt(std::max(0.0, square - mean * mean));
  };
  return {data - chains,
          {{"energy_data", data},
           {"energy_chains", chains},
           {"energy_gap", data - chains},
           {"spread_data", deviation(data, sums[1] / rows)},
           {"spread_chains", deviation(chains, sums[3] / rows)}}};
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_contrastive_divergence(const Regularization<Scalar>& regularization) {
  return make_penalized<Scalar>(ContrastiveDivergence<Scalar>{{regularization}});
}

template struct ContrastiveDivergence<float>;
template struct ContrastiveDivergence<double>;
template std::unique_ptr<Objective<float>> make_contrastive_divergence(const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_contrastive_divergence(const Regularization<double>&);

}  // namespace ebmpi::objective
