// SPDX-License-Identifier: Apache-2.0
#include "objective/denoising.hpp"

#include "core/to_device.hpp"

namespace ebmpi::objective {

template <class Scalar>
NoiseScale<Scalar> make_noise_scale(const DenoisingSettings& settings) {
  const auto sigmas = core::to_device<Scalar>(settings.sigmas, "ebmpi::objective::sigmas");
  return {sigmas, settings.level_weight, settings.pairing, settings.key};
}

template <class Scalar>
LossReport Denoising<Scalar>::report(const double* sums, double rows) const {
  return {sums[0] / rows, {{"energy_data", sums[1] / rows}}};
}

template <class Scalar>
std::unique_ptr<Objective<Scalar>> make_denoising(const DenoisingSettings& settings,
                                                  const Regularization<Scalar>& regularization) {
  Denoising<Scalar> program{{regularization}, make_noise_scale<Scalar>(settings)};
  return std::make_unique<ProgramObjective<Scalar, Denoising<Scalar>>>(std::move(program));
}

template struct Denoising<float>;
template struct Denoising<double>;
template NoiseScale<float> make_noise_scale(const DenoisingSettings&);
template NoiseScale<double> make_noise_scale(const DenoisingSettings&);
template std::unique_ptr<Objective<float>> make_denoising(const DenoisingSettings&,
                                                          const Regularization<float>&);
template std::unique_ptr<Objective<double>> make_denoising(const DenoisingSettings&,
                                                           const Regularization<double>&);

}  // namespace ebmpi::objective
