// SPDX-License-Identifier: Apache-2.0
#include "objective/conditional_contrast.hpp"

#include "objective/gradient_penalty.hpp"

namespace ebmpi::objective {

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_conditional_contrast(int ratio, double scale, core::PhiloxKey key,
                                                             const Regularization<Scalar>& regularization) {
  return make_penalized<Scalar>(
      ConditionalContrast<Scalar>{{{regularization}, ratio}, static_cast<Scalar>(scale), key});
}

template std::unique_ptr<Objective<float>> make_conditional_contrast(int, double, core::PhiloxKey,
                                                                     const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_conditional_contrast(int, double, core::PhiloxKey,
                                                                      const Regularization<double>&);

}  // namespace ebmpi::objective
