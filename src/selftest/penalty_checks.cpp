// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <memory>

#include "objective/contrastive_divergence.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "selftest/objective_checks.hpp"

namespace ebmpi::selftest {
namespace {

using objective::Regularization;
using MakeObjective = std::function<std::unique_ptr<Objective<float>>(const Regularization<float>&)>;

constexpr int dimension = 8;
constexpr double lambda = 0.5, mu = 0.25, a = 0.75;

/// Sum over data and negatives of their means of ‖x‖² and ‖x‖⁴, and the standard errors of those.
struct Powers {
  double square = 0, fourth = 0;
  double square_error = 0, fourth_error = 0;
};

Powers powers_of(const Samples& samples) {
  const std::int64_t rows = samples.rows(), all = rows + samples.negatives();
  Powers powers{samples.mean_square(0, rows), samples.mean_fourth(0, rows)};
  if (all > rows) {
    powers.square += samples.mean_square(rows, all);
    powers.fourth += samples.mean_fourth(rows, all);
  }
  return powers;
}

/// Of N(0, v I): E‖x‖² = vD, E‖x‖⁴ = v²D(D + 2), E‖x‖⁸ = v⁴D(D + 2)(D + 4)(D + 6).
Powers normal_powers(double variance) {
  constexpr double d = dimension;
  const double fourth = variance * variance * d * (d + 2.0), root_rows = std::sqrt(double{fit_rows});
  return {variance * d, fourth, variance * std::sqrt(2.0 * d) / root_rows,
          fourth * std::sqrt((d + 4.0) * (d + 6.0) / (d * (d + 2.0)) - 1.0) / root_rows};
}

/// What the penalties add to the loss and to its slopes: λ¼a²‖x‖⁴ and μa²‖x‖². The random numbers in both
/// losses are the same, so that their difference has none but those that move the samples.
void check_penalties(CheckList& list, const std::string& name, const MakeObjective& make,
                     const Samples& samples, Isotropic network, const Powers& powers) {
  const double c = network == Isotropic::energy_and_normalizer ? -8.0 : 0.0;
  const auto point_of = [&](const Regularization<float>& regularization) {
    return IsotropicFit(*make(regularization), samples, network).at(a, c);
  };
  const Point plain = point_of({});
  const auto check = [&](const std::string& penalty, const Point& penalized, double loss, double error) {
    const double added[] = {penalized.loss - plain.loss, 0.5 * a * (penalized.slope - plain.slope),
                            0.5 * a * (penalized.first_layer_slope - plain.first_layer_slope)};
    // The penalties are quadratic in a: ½a · slope = loss.
    list.compare("penalty " + penalty + ", " + name + ": loss and gradient", added,
                 std::vector<double>(3, loss),
                 error > 0.0 ? standard_errors(error)
                             : roundings(roundings_of(dimension), loss + std::abs(plain.loss) + dimension));
  };
  check("λE²", point_of({static_cast<float>(lambda), 0.0f}), 0.25 * lambda * a * a * powers.fourth,
        0.25 * lambda * a * a * powers.fourth_error);
  check("μ‖∇E‖²", point_of({0.0f, static_cast<float>(mu)}), mu * a * a * powers.square,
        mu * a * a * powers.square_error);
}

}  // namespace

CheckList penalty_checks() {
  constexpr int ratio = 3;
  constexpr double sigma = 0.5;
  const std::vector<float> data = normal_rows(Draw::data, fit_rows, dimension);
  const std::vector<float> negatives = normal_rows(Draw::negatives, ratio * fit_rows, dimension);
  const Samples alone(dimension, data),
      contrasted(dimension, data,
                 {negatives.begin(), negatives.begin() + static_cast<std::ptrdiff_t>(data.size())}),
      ranked(dimension, data, negatives, std::vector<float>((1 + ratio) * data.size() / dimension, -8.0f));
  const network::MlpShape shape{dimension, {dimension}, network::Activation::quadratic};
  const auto score_matching = [&](objective::ScoreMatchingSettings settings) -> MakeObjective {
    settings.key = key_of(core::Purpose::projections);
    return [settings, shape](const auto& r) {
      return objective::make_score_matching<float>(settings, shape, r);
    };
  };

  CheckList list;
  check_penalties(list, "contrastive divergence", objective::make_contrastive_divergence<float>, contrasted,
                  Isotropic::energy, powers_of(contrasted));
  check_penalties(
      list, "noise contrast", [](const auto& r) { return objective::make_noise_contrast<float>(ratio, r); },
      ranked, Isotropic::energy_and_normalizer, powers_of(ranked));
  check_penalties(
      list, "ranking noise contrast",
      [](const auto& r) { return objective::make_ranking_contrast<float>(ratio, r); }, ranked,
      Isotropic::energy, powers_of(ranked));
  check_penalties(list, "exact score matching", score_matching({}), alone, Isotropic::energy,
                  powers_of(alone));
  check_penalties(list, "Hutchinson score matching",
                  score_matching({objective::Directions::rademacher, objective::SquaredScore::whole}), alone,
                  Isotropic::energy, powers_of(alone));
  check_penalties(
      list, "denoising",
      [](const auto& r) {
        return objective::make_denoising<float>({{sigma}, {}, {}, key_of(core::Purpose::perturbation)}, r);
      },
      alone, Isotropic::energy, normal_powers(1.0 + sigma * sigma));
  return list;
}

}  // namespace ebmpi::selftest
