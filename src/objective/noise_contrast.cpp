// SPDX-License-Identifier: Apache-2.0
#include "objective/noise_contrast.hpp"

#include "objective/gradient_penalty.hpp"

namespace ebmpi::objective {

template <class Scalar>
LossReport NoiseContrast<Scalar>::report(const double* sums, double rows) const {
  return {sums[0] / rows,
          {{"energy_data", sums[1] / rows},
           {"energy_noise", sums[2] / rows},
           {"accuracy", 0.5 * (sums[3] + sums[4]) / rows}}};
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_noise_contrast(double ratio,
                                                       const Regularization<Scalar>& regularization) {
  return make_penalized<Scalar>(NoiseContrast<Scalar>{{regularization}, ratio});
}

template struct NoiseContrast<float>;
template struct NoiseContrast<double>;
template std::unique_ptr<Objective<float>> make_noise_contrast(double, const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_noise_contrast(double, const Regularization<double>&);

}  // namespace ebmpi::objective
