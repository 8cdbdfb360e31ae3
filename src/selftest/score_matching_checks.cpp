// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "objective/score_network.hpp"
#include "selftest/objective_checks.hpp"

namespace ebmpi::selftest {
namespace {

using objective::Directions;
using objective::ScoreMatchingSettings;
using objective::SquaredScore;

/// Variances of what random directions make of a row.
struct Spread {
  double projection = 0;  // of Σ_k (v_k·x)²/M, given x, in the mean over the rows
  double trace = 0;       // of Σ_k ‖v_k‖²/M
  double balance = 0;     // of the square (either form) less the trace, over x as well
};

/// With E[vvᵀ] = I: Var (v·x)² = 2‖x‖⁴ of normal directions, less 2 Σ x_i⁴ for signs; Var ‖v‖² = 2D and 0.
/// Over x, (v·x)² - ‖v‖² has the variance 2 E‖v‖⁴, and that of one direction has the covariance 2 E(v·w)² =
/// 2D with that of another.
Spread spread_of(const ScoreMatchingSettings& settings, const Samples& samples) {
  const double dimension = samples.dimension();
  if (settings.directions == Directions::basis) return {0.0, 0.0, 2.0 * dimension};
  const bool normal = settings.directions == Directions::gaussian;
  double fourth_powers = 0;  // mean of Σ x_i⁴
  for (std::int64_t i = 0; i < samples.rows() * samples.dimension(); ++i)
    fourth_powers += std::pow(static_cast<double>(samples.values()[static_cast<std::size_t>(i)]), 4) /
                     static_cast<double>(samples.rows());
  const double directions = settings.projections;
  Spread spread;
  spread.projection =
      2.0 * (samples.mean_fourth(0, samples.rows()) - (normal ? 0.0 : fourth_powers)) / directions;
  spread.trace = normal ? 2.0 * dimension / directions : 0.0;
  if (settings.squared_score == SquaredScore::whole) {
    spread.projection = 0.0;
    spread.balance = 2.0 * dimension + spread.trace;
  } else {
    const double fourth = dimension * (dimension + (normal ? 2.0 : 0.0));
    spread.balance = 2.0 * (fourth + dimension * (directions - 1.0)) / directions;
  }
  return spread;
}

Tolerance within(double variance, const Samples& samples, double scale) {
  if (variance > 0.0) return standard_errors(std::sqrt(variance / static_cast<double>(samples.rows())));
  return roundings(roundings_of(samples.dimension()), scale);
}

/// s = Ax + b with any A: ½‖s‖² + tr A, with the gradients s xᵀ + I and s in the mean.
void check_linear_score(CheckList& list, const std::string& name, const Objective<float>& objective,
                        int dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  const Samples samples(dimension, normal_rows(Draw::data, core::tile_size, dimension));
  const std::vector<float> drawn = normal_rows(Draw::parameters, dimension + 1, dimension, 0.5);
  network::MlpShape shape{dimension, {}};
  shape.outputs = dimension;
  const std::vector<double> parameters(drawn.begin(), drawn.end());
  const Measurement measured = measure(objective, network_of(shape, parameters), samples);

  double loss = 0, trace = 0, scale = 1;
  std::vector<double> gradient(parameters.size(), 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    trace += parameters[i * size + i];
    gradient[i * size + i] = 1.0;
  }
  constexpr double share = 1.0 / core::tile_size;
  for (std::size_t row = 0; row < core::tile_size; ++row) {
    const float* const x = samples.values().data() + row * size;
    for (std::size_t i = 0; i < size; ++i) {
      double score = parameters[size * size + i];
      for (std::size_t j = 0; j < size; ++j) score += parameters[i * size + j] * static_cast<double>(x[j]);
      loss += 0.5 * share * score * score;
      for (std::size_t j = 0; j < size; ++j)
        gradient[i * size + j] += share * score * static_cast<double>(x[j]);
      gradient[size * size + i] += share * score;
      scale = std::fmax(scale, score * score);
    }
  }
  const int steps = roundings_of(dimension);
  list.compare(name + ": loss of s = Ax + b", measured.report.loss, loss + trace,
               roundings(steps, loss + std::abs(trace) + dimension));
  list.compare(name + ": gradient of s = Ax + b", measured.gradient, gradient, roundings(steps, scale));
}

}  // namespace

void check_score_matching(CheckList& list, const std::string& name, const Objective<float>& objective,
                          const ScoreMatchingSettings& settings, int dimension, Isotropic network) {
  const Samples samples(dimension, normal_rows(Draw::data, fit_rows, dimension));
  const IsotropicFit fit(objective, samples, network);
  const Spread spread = spread_of(settings, samples);
  const std::string title = subject(name, dimension);

  constexpr double a = 0.75;
  const Point point = fit.at(a);
  const double square = samples.mean_square(0, samples.rows());
  // An energy's report has its Laplacian, -∇·s.
  const double trace =
      network == Isotropic::score ? -point.report.term("divergence") : point.report.term("laplacian");
  list.compare(title + ": squared score", point.report.term("squared_score"), 0.5 * a * a * square,
               within(0.25 * std::pow(a, 4) * spread.projection, samples, 0.5 * a * a * square));
  list.compare(title + ": trace", trace, a * dimension, within(a * a * spread.trace, samples, a * dimension));
  list.compare(title + ": loss", point.loss, point.report.term("squared_score") - trace,
               roundings(1, dimension));

  const Sweep sweep(fit);
  sweep.check_gradient(list, title);
  list.compare(title + ": minimum at 1", sweep.root(), 1.0,
               standard_errors(std::sqrt(spread.balance / static_cast<double>(fit_rows)) / dimension));
}

CheckList score_matching_checks() {
  struct Form {
    const char* name;
    ScoreMatchingSettings settings;
  };
  const core::PhiloxKey key = key_of(core::Purpose::projections);
  const Form forms[] = {
      {"exact score matching", {Directions::basis, SquaredScore::along_directions, 1, key}},
      {"sliced score matching, signs", {Directions::rademacher, SquaredScore::along_directions, 2, key}},
      {"sliced score matching, normal", {Directions::gaussian, SquaredScore::along_directions, 1, key}},
      {"Hutchinson score matching, signs", {Directions::rademacher, SquaredScore::whole, 1, key}},
      {"Hutchinson score matching, normal", {Directions::gaussian, SquaredScore::whole, 2, key}}};
  CheckList list;
  for (const int dimension : dimensions) {
    const network::MlpShape energy{dimension, {dimension}, network::Activation::quadratic};
    network::MlpShape score{dimension, {}};
    score.outputs = dimension;
    for (const Form& form : forms) {
      check_score_matching(list, form.name, *objective::make_score_matching<float>(form.settings, energy, {}),
                           form.settings, dimension);
      check_score_matching(list, std::string("score network, ") + form.name,
                           *objective::make_score_network_matching<float>(form.settings, score),
                           form.settings, dimension, Isotropic::score);
    }
    check_linear_score(list, subject("score network, exact score matching", dimension),
                       *objective::make_score_network_matching<float>(forms[0].settings, score), dimension);
  }
  return list;
}

}  // namespace ebmpi::selftest
