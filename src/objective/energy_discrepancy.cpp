// SPDX-License-Identifier: Apache-2.0
#include "objective/energy_discrepancy.hpp"

#include <cmath>

#include "objective/gradient_penalty.hpp"

namespace ebmpi::objective {

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_energy_discrepancy(const EnergyDiscrepancySettings& settings,
                                                           const Regularization<Scalar>& regularization) {
  return make_penalized<Scalar>(EnergyDiscrepancy<Scalar>{{{regularization}, settings.perturbations},
                                                          static_cast<Scalar>(std::sqrt(settings.time)),
                                                          static_cast<Scalar>(settings.stabilization),
                                                          settings.common_key,
                                                          settings.own_key});
}

template std::unique_ptr<Objective<float>> make_energy_discrepancy(const EnergyDiscrepancySettings&,
                                                                   const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_energy_discrepancy(const EnergyDiscrepancySettings&,
                                                                    const Regularization<double>&);

}  // namespace ebmpi::objective
