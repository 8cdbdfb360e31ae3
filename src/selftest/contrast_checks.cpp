// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "objective/conditional_contrast.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "selftest/objective_checks.hpp"

namespace ebmpi::selftest {
namespace {

/// log density of N(0, scale² I) where ‖x‖² = square.
double normal_log_density(double square, double scale, int dimension) {
  return -0.5 * square / (scale * scale) -
         dimension * (std::log(scale) + 0.5 * std::log(2.0 * std::numbers::pi));
}

constexpr double noise_scale = 1.2;

/// Data from N(0, I) against `ratio` times as much noise from N(0, 1.44 I), with its log densities.
Samples with_noise(int ratio, int dimension) {
  const std::vector<float> data = normal_rows(Draw::data, fit_rows, dimension);
  const std::vector<float> noise = normal_rows(Draw::negatives, ratio * fit_rows, dimension, noise_scale);
  const Samples samples(dimension, data, noise);
  std::vector<float> log_noise;
  for (std::int64_t row = 0; row < samples.rows() + samples.negatives(); ++row)
    log_noise.push_back(static_cast<float>(normal_log_density(samples.square(row), noise_scale, dimension)));
  return Samples(dimension, data, noise, log_noise);
}

/// A loss in double precision, and the sizes of the numbers that it is made of.
struct Expected {
  double loss = 0, slope = 0, normalizer_slope = 0;
  double loss_scale = 0, slope_scale = 0;

  /// A row of the loss log(1 + e^x) or alike, whose exponents have the magnitude `exponent` and move by
  /// `move` with a: their slopes change by at most a quarter of an exponent's error.
  void note(double exponent, double move) {
    loss_scale += (1.0 + exponent) / static_cast<double>(fit_rows);
    slope_scale += (1.0 + 0.25 * exponent) * move / static_cast<double>(fit_rows);
  }
};

/// The loss, its slope and that of c at E = ½a‖x‖².
Expected noise_contrast_of(const Samples& samples, double a, double c, int ratio) {
  const std::vector<double> log_noise = to_host(samples.log_noise());
  const auto rows = static_cast<double>(samples.rows());
  Expected expected;
  for (std::int64_t row = 0; row < samples.rows() + samples.negatives(); ++row) {
    const double move = 0.5 * samples.square(row), noise = log_noise[static_cast<std::size_t>(row)];
    const double u = -a * move + c - noise - std::log(ratio), h = 1.0 / (1.0 + std::exp(-u));
    const bool data = row < samples.rows();
    const double weight = (data ? 1.0 - h : -h) / rows;
    expected.loss += std::log1p(std::exp(data ? -u : u)) / rows;
    expected.slope += weight * move;
    expected.normalizer_slope -= weight;
    expected.note(a * move + std::abs(c) + std::abs(noise), move);
  }
  return expected;
}

Expected ranking_of(const Samples& samples, double a, int ratio) {
  const std::vector<double> log_noise = to_host(samples.log_noise());
  const auto rows = static_cast<double>(samples.rows());
  Expected expected;
  for (std::int64_t row = 0; row < samples.rows(); ++row) {
    double total = 0, moved = 0, own = 0;
    for (int j = 0; j <= ratio; ++j) {
      const std::int64_t lane = j == 0 ? row : samples.rows() + row * ratio + j - 1;
      const double move = 0.5 * samples.square(lane), noise = log_noise[static_cast<std::size_t>(lane)];
      const double exponent = -a * move - noise;
      if (j == 0) own = exponent;
      total += std::exp(exponent - own);
      moved += std::exp(exponent - own) * move;
      expected.note(a * move + std::abs(noise), move);
    }
    expected.loss += std::log(total) / rows;
    expected.slope += (0.5 * samples.square(row) - moved / total) / rows;
  }
  return expected;
}

void check_expected(CheckList& list, const std::string& title, const Point& point, const Expected& expected,
                    int dimension) {
  const int steps = roundings_of(dimension);
  list.compare(title + ": loss", point.loss, expected.loss, roundings(steps, expected.loss_scale));
  list.compare(title + ": slope", point.slope, expected.slope, roundings(steps, expected.slope_scale));
}

/// At the truth the labels have the probabilities that the objective gives them, so that the variance of a
/// row's slope is at most the loss's curvature L'' (the information equality), and that of the minimum is
/// 1/(N L'').
Tolerance within_information(double curvature) {
  return standard_errors(1.0 / std::sqrt(static_cast<double>(fit_rows) * curvature));
}

void check_minimum_at_one(CheckList& list, const std::string& title, const Sweep& sweep) {
  sweep.check_gradient(list, title);
  list.compare(title + ": minimum at 1", sweep.root(), 1.0, within_information(sweep.curvature()));
}

}  // namespace

void check_contrastive_divergence(CheckList& list, const std::string& name, const Objective<float>& objective,
                                  int dimension) {
  constexpr double a = 0.75;
  const Samples samples(dimension, normal_rows(Draw::data, fit_rows, dimension),
                        normal_rows(Draw::negatives, fit_rows, dimension, 1.5));
  const Point point = IsotropicFit(objective, samples, Isotropic::energy).at(a);
  const double data = 0.5 * samples.mean_square(0, fit_rows),
               chains = 0.5 * samples.mean_square(fit_rows, 2 * fit_rows);
  const std::string title = subject(name, dimension);
  const Tolerance tolerance = roundings(roundings_of(dimension), data + chains);
  list.compare(title + ": loss", point.loss, a * (data - chains), tolerance);
  const double slopes[] = {point.slope, point.first_layer_slope};
  list.compare(title + ": gradient", slopes, std::vector<double>(2, data - chains), tolerance);
}

void check_noise_contrast(CheckList& list, const std::string& name, const Objective<float>& objective,
                          int ratio, int dimension) {
  const Samples samples = with_noise(ratio, dimension);
  const IsotropicFit fit(objective, samples, Isotropic::energy_and_normalizer);
  const std::string title = subject(name, dimension);
  // -log Z of E = ½‖x‖², as the network holds it.
  const double exact_c = static_cast<float>(normal_log_density(0.0, 1.0, dimension));

  constexpr double a = 0.75, off = 0.125;
  const double c = static_cast<float>(exact_c + off);
  const Expected expected = noise_contrast_of(samples, a, c, ratio);
  const Point point = fit.at(a, c);
  check_expected(list, title, point, expected, dimension);
  list.compare(title + ": slope of c", point.normalizer_slope, expected.normalizer_slope,
               roundings(roundings_of(dimension), expected.loss_scale));

  const Sweep sweep(fit, exact_c);
  check_minimum_at_one(list, title, sweep);
  const double curvature =
      (fit.at(1.0, exact_c + off).normalizer_slope - fit.at(1.0, exact_c - off).normalizer_slope) /
      (2.0 * off);
  list.compare(title + ": c is -log Z", exact_c - sweep.at_one().normalizer_slope / curvature, exact_c,
               within_information(curvature));
}

void check_ranking(CheckList& list, const std::string& name, const Objective<float>& objective, int ratio,
                   int dimension) {
  const Samples samples = with_noise(ratio, dimension);
  const IsotropicFit fit(objective, samples, Isotropic::energy);
  const std::string title = subject(name, dimension);
  constexpr double a = 0.75;
  check_expected(list, title, fit.at(a), ranking_of(samples, a, ratio), dimension);
  check_minimum_at_one(list, title, Sweep(fit));
}

void check_conditional(CheckList& list, const std::string& name, const Objective<float>& objective, int ratio,
                       double scale, int dimension) {
  const Samples samples(dimension, normal_rows(Draw::data, fit_rows, dimension));
  const IsotropicFit fit(objective, samples, Isotropic::energy);
  const std::string title = subject(name, dimension);
  const Point point = fit.at(0.0);
  list.compare(title + ": loss at 0", point.loss, std::log(2.0), roundings(roundings_of(dimension), 1.0));
  // Half of ½‖x‖² - ½‖x + sξ‖² = -s x·ξ - ½s²‖ξ‖², in the mean over ν uncorrelated ones.
  const double square = scale * scale;
  const double variance = 0.25 * dimension * (square + 0.5 * square * square) / ratio;
  list.compare(title + ": slope at 0", point.slope, -0.25 * square * dimension,
               standard_errors(std::sqrt(variance / static_cast<double>(fit_rows))));
  check_minimum_at_one(list, title, Sweep(fit));
}

void check_energy_discrepancy(CheckList& list, const std::string& name, const Objective<float>& objective,
                              const Objective<float>& at_zero, double stabilization_at_zero, double time,
                              int perturbations, int dimension) {
  const Samples samples(dimension, normal_rows(Draw::data, fit_rows, dimension));
  const std::string title = subject(name, dimension);
  const Point point = IsotropicFit(at_zero, samples, Isotropic::energy).at(0.0);
  const double count = perturbations, all = stabilization_at_zero + count;
  list.compare(title + ": loss at 0", point.loss, std::log(all / count),
               roundings(roundings_of(dimension), 1.0));
  // M/(w + M) times the mean over j of ½‖x‖² - ½‖x + η_j‖² = -x·η_j - ½‖η_j‖², η_j = √t (ξ + ξ_j) with ξ
  // common to all j.
  const double share = count / all;
  const double variance =
      dimension * (time * (1.0 + 1.0 / count) + time * time * (2.0 / count + 0.5 * (1.0 - 1.0 / count)));
  list.compare(title + ": slope at 0", point.slope, -share * time * dimension,
               standard_errors(share * std::sqrt(variance / static_cast<double>(fit_rows))));
  check_minimum_at_one(list, title, Sweep(IsotropicFit(objective, samples, Isotropic::energy)));
}

CheckList contrast_checks() {
  constexpr int ratio = 3;
  constexpr double scale = 0.5, other_stabilization = 0.5;
  const core::PhiloxKey own = key_of(core::Purpose::group_perturbation);
  objective::EnergyDiscrepancySettings discrepancy{0.25, ratio, 1.0, key_of(core::Purpose::perturbation),
                                                   own};
  CheckList list;
  for (const int dimension : dimensions) {
    check_contrastive_divergence(list, "contrastive divergence",
                                 *objective::make_contrastive_divergence<float>({}), dimension);
    check_noise_contrast(list, "noise contrast", *objective::make_noise_contrast<float>(2.0, {}), 2,
                         dimension);
    check_ranking(list, "ranking noise contrast", *objective::make_ranking_contrast<float>(ratio, {}), ratio,
                  dimension);
    check_conditional(list, "conditional noise contrast",
                      *objective::make_conditional_contrast<float>(ratio, scale, own, {}), ratio, scale,
                      dimension);
    objective::EnergyDiscrepancySettings at_zero = discrepancy;
    at_zero.stabilization = other_stabilization;
    check_energy_discrepancy(list, "energy discrepancy",
                             *objective::make_energy_discrepancy<float>(discrepancy, {}),
                             *objective::make_energy_discrepancy<float>(at_zero, {}), other_stabilization,
                             discrepancy.time, ratio, dimension);
  }
  return list;
}

}  // namespace ebmpi::selftest
