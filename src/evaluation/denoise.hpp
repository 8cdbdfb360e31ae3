// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/row_chains.hpp"
#include "sampling/descent.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// How x is found from y = x + n, n normal with standard deviations σ_d.
enum class DenoiseMethod {
  map,       ///< the minimum of E(x)/T + Σ_d (x_d - y_d)²/(2σ_d²) downhill from y
  annealed,  ///< one sample of exp(-(that)/t), t falling
  sample,    ///< mean and deviation of samples of the posterior exp(-(that))
  tweedie    ///< y + σ² ∇log p(y), the posterior mean where p is the density of noisy rows
};

struct DenoiseSettings {
  DenoiseMethod method = DenoiseMethod::map;
  std::vector<double> noise;  ///< (D), σ in data units; > 0
  sampling::DescentSettings descent;
  RowMoves moves;
  std::int64_t warm_up = 200;  ///< transitions that tune the step, at the hottest temperature
  std::int64_t draws = 100;    ///< of `sample`
  std::int64_t thin = 5;       ///< transitions between draws
  double hottest = 1.0, coldest = 0.01;
  std::int64_t levels = 20;            ///< temperatures of `annealed`; >= 2
  std::int64_t steps_at_a_level = 20;  ///< transitions at each
};

/// Some rows without their noise. What a method does not give is empty.
template <class Scalar>
struct DenoisedRows {
  std::vector<Scalar> x;             ///< (B, D)
  std::vector<Scalar> deviation;     ///< (B, D), of the draws
  std::vector<Scalar> energy;        ///< (B), E(x)
  std::vector<Scalar> displacement;  ///< (B), ‖x - y‖ in data units
  std::vector<double> slope;         ///< (B), ‖∇U‖/√D of `map`, in units of the noise
  std::vector<double> acceptance;    ///< (B), mean probability of acceptance of chains
};

/// Takes the noise out of rows, in the coordinates u = (x - mean)/σ, in which it is the same in all
/// directions. A row is a pure function of itself, its number and the settings.
template <class Scalar>
class Denoiser {
public:
  /// Throws core::InputError where the model is a score network and the method needs an energy.
  Denoiser(const training::Model<Scalar>& model, const DenoiseSettings& settings);

  /// `y` (B, D) row-major in data units, rows `first`, `first` + 1, … of the data set. Throws
  /// core::InputError where a row has no finite energy.
  DenoisedRows<Scalar> operator()(std::int64_t first, std::span<const double> y) const;

private:
  // Each returns where rows have come to, u (B, D).
  std::vector<double> descend(const core::Rows<Scalar>& y, DenoisedRows<Scalar>& rows) const;
  std::vector<double> anneal(std::int64_t first, const core::Rows<Scalar>& y,
                             DenoisedRows<Scalar>& rows) const;
  std::vector<double> sample(std::int64_t first, const core::Rows<Scalar>& y,
                             DenoisedRows<Scalar>& rows) const;
  std::vector<double> follow_score(const core::Rows<Scalar>& y) const;
  sampling::ChainTarget<Scalar> target(const core::Rows<Scalar>& y) const;
  void finish(std::int64_t first, std::span<const double> y, const std::vector<double>& u,
              DenoisedRows<Scalar>& rows) const;

  const training::Model<Scalar>& model_;
  DenoiseSettings settings_;
  network::EnergyModel<Scalar> energy_;  // as a function of u
};

}  // namespace ebmpi::evaluation
