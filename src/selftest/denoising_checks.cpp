// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "objective/score_network.hpp"
#include "selftest/objective_checks.hpp"

namespace ebmpi::selftest {
namespace {

using objective::DenoisingSettings;
using objective::LevelWeight;
using objective::Pairing;

/// Mean and variance of a row's share in a sum.
struct Moments {
  double mean = 0, variance = 0;
};

/// Σ_i (p x_i² + q z_i²) with single pairing Σ_i (αx_i + βz_i)², antithetic αx ± βz in the mean: of normal x,
/// z the mean D(α² + β²) and the variance 2D(α² + β²)² or 2D(α⁴ + β⁴).
Moments squared_sum(double alpha, double beta, int dimension, Pairing pairing) {
  const double p = alpha * alpha, q = beta * beta;
  return {dimension * (p + q),
          2.0 * dimension * (pairing == Pairing::single ? (p + q) * (p + q) : p * p + q * q)};
}

/// x̃·(ax̃ - z/σ), half the slope's part of a row: with x̃ = x + σz the form (x + σz)·(ax + (aσ - 1/σ)z), whose
/// mean is D(a + aσ² - 1) and whose variance is twice the squares of its symmetric matrix; the pair ±z loses
/// the mixed term.
Moments pull(double a, double sigma, int dimension, Pairing pairing) {
  const double xx = a, zz = a * sigma * sigma - 1.0, xz = a * sigma - 0.5 / sigma;
  const double mixed = pairing == Pairing::single ? 2.0 * xz * xz : 0.0;
  return {dimension * (xx + zz), 2.0 * dimension * (xx * xx + zz * zz + mixed)};
}

/// The mean over the levels, which the rows take in turn, of a row's moments times a weight.
template <class OfLevel>
Moments over_levels(const DenoisingSettings& settings, const OfLevel& of_level) {
  Moments mean;
  for (const double sigma : settings.sigmas) {
    const Moments level = of_level(sigma);
    const double share = 1.0 / static_cast<double>(settings.sigmas.size());
    mean.mean += share * level.mean;
    mean.variance += share * level.variance;
  }
  return mean;
}

Moments scaled(double factor, const Moments& moments) {
  return {factor * moments.mean, factor * factor * moments.variance};
}

Tolerance within(const Moments& moments) {
  return standard_errors(std::sqrt(moments.variance / static_cast<double>(fit_rows)));
}

}  // namespace

void check_denoising(CheckList& list, const std::string& name, const Objective<float>& objective,
                     const DenoisingSettings& settings, int dimension, Isotropic network) {
  const Samples samples(dimension, normal_rows(Draw::data, fit_rows, dimension));
  const IsotropicFit fit(objective, samples, network);
  const Sweep sweep(fit);
  const std::string title = subject(name, dimension);
  const auto weight = [&](double sigma) {
    return settings.level_weight == LevelWeight::variance ? sigma * sigma : 1.0;
  };

  const Moments loss = over_levels(settings, [&](double sigma) {
    return scaled(0.5 * weight(sigma), squared_sum(1.0, sigma - 1.0 / sigma, dimension, settings.pairing));
  });
  list.compare(title + ": loss", sweep.at_one().loss, loss.mean, within(loss));
  if (network != Isotropic::score) {
    Moments energy = over_levels(settings, [&](double sigma) {
      return scaled(0.5, squared_sum(1.0, sigma, dimension, settings.pairing));
    });
    if (network == Isotropic::energy_told_sigma)
      energy.mean += over_levels(settings, [](double sigma) {
                       return Moments{0.5 * std::log(sigma) * std::log(sigma), 0.0};
                     }).mean;
    list.compare(title + ": energy", sweep.at_one().report.term("energy_data"), energy.mean, within(energy));
  }
  sweep.check_gradient(list, title);

  // The slope is the mean of λ x̃·(ax̃ - z/σ): it vanishes at Σλ/Σλ(1 + σ²).
  const Moments weights = over_levels(settings, [&](double sigma) { return Moments{weight(sigma), 0.0}; });
  const Moments curvature = over_levels(settings, [&](double sigma) {
    return Moments{weight(sigma) * (1.0 + sigma * sigma), 0.0};
  });
  const double root = weights.mean / curvature.mean;
  const Moments slope = over_levels(settings, [&](double sigma) {
    return scaled(weight(sigma), pull(root, sigma, dimension, settings.pairing));
  });
  list.compare(title + ": minimum at 1/(1 + σ²)", sweep.root(), root,
               within(scaled(1.0 / (curvature.mean * dimension), slope)));
}

CheckList denoising_checks() {
  const core::PhiloxKey key = key_of(core::Purpose::perturbation);
  const DenoisingSettings single{{0.5}, LevelWeight::variance, Pairing::single, key};
  const DenoisingSettings unweighted{{0.5}, LevelWeight::uniform, Pairing::single, key};
  const DenoisingSettings antithetic{{0.5}, LevelWeight::variance, Pairing::antithetic, key};
  const DenoisingSettings levels{{0.5, 1.0}, LevelWeight::variance, Pairing::single, key};
  CheckList list;
  for (const int dimension : dimensions) {
    check_denoising(list, "denoising", *objective::make_denoising<float>(single, {}), single, dimension);
    check_denoising(list, "denoising, λ = 1", *objective::make_denoising<float>(unweighted, {}), unweighted,
                    dimension);
    check_denoising(list, "denoising, antithetic", *objective::make_denoising<float>(antithetic, {}),
                    antithetic, dimension);
    check_denoising(list, "denoising, two levels", *objective::make_denoising<float>(levels, {}), levels,
                    dimension, Isotropic::energy_told_sigma);
    check_denoising(list, "score network, denoising", *objective::make_score_network_denoising<float>(single),
                    single, dimension, Isotropic::score);
    check_denoising(list, "score network, denoising, antithetic",
                    *objective::make_score_network_denoising<float>(antithetic), antithetic, dimension,
                    Isotropic::score);
  }
  return list;
}

}  // namespace ebmpi::selftest
