// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

#include "support/jet_sums.hpp"
#include "support/tile_runner.hpp"

// Fits of the energy E(x) = ½a‖x‖² to samples, whose answers are known.

namespace ebmpi::test {

/// Numbers from N(0, scale² I); of the standard library, not of the generator under test.
inline std::vector<double> normal_numbers(std::mt19937_64& engine, std::size_t count, double scale = 1) {
  std::normal_distribution<double> normal(0, scale);
  std::vector<double> values(count);
  for (double& value : values) value = normal(engine);
  return values;
}

/// log of the density of N(0, scale² I) at each of the samples (N, D).
inline std::vector<double> normal_log_density(const std::vector<double>& samples, std::size_t dimension,
                                              double scale) {
  std::vector<double> result;
  for (std::size_t first = 0; first < samples.size(); first += dimension) {
    double square = 0;
    for (std::size_t d = 0; d < dimension; ++d) square += samples[first + d] * samples[first + d];
    result.push_back(-0.5 * square / (scale * scale) -
                     0.5 * static_cast<double>(dimension) * std::log(2 * std::numbers::pi * scale * scale));
  }
  return result;
}

/// ½‖Wx‖² as a network D-D-1, W (D, D) row-major: the first D² of its parameters.
inline network::MlpShape quadratic_shape(int dimension,
                                         network::LogNormalizer normalizer = network::LogNormalizer::none) {
  return {dimension, {dimension}, network::Activation::quadratic, 1, normalizer};
}

inline network::Mlp<double> quadratic_energy(const network::MlpShape& shape, const std::vector<double>& w,
                                             double log_normalizer = 0) {
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  auto parameters = w;
  parameters.resize(w.size() + dimension, 0.0);
  parameters.resize(parameters.size() + dimension, 1.0);
  parameters.push_back(0.0);
  if (shape.log_normalizer == network::LogNormalizer::learned) parameters.push_back(log_normalizer);
  return mlp_with<double>(shape, parameters);
}

struct Slopes {
  double energy = 0;      ///< dL/da
  double normalizer = 0;  ///< dL/dc
};

/// The slopes of the summed loss at E = ½a‖x‖²: a acts through W = √a I.
inline Slopes slopes_at(const Objective<double>& objective, const network::MlpShape& shape,
                        const JetBatch<double>& batch, double a, double c = 0) {
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  std::vector<double> w(dimension * dimension);
  for (std::size_t d = 0; d < dimension; ++d) w[d * dimension + d] = std::sqrt(a);
  const auto sums = jet_sums(quadratic_energy(shape, w, c), objective, batch);
  Slopes slopes;
  for (std::size_t d = 0; d < dimension; ++d)
    slopes.energy += sums.gradient[d * dimension + d] / (2 * std::sqrt(a));
  if (shape.log_normalizer == network::LogNormalizer::learned) slopes.normalizer = sums.gradient.back();
  return slopes;
}

/// Where an increasing function is 0, by the secant rule between `low` and `high` or beyond.
inline double root_of(const std::function<double(double)>& function, double low, double high) {
  double value = function(low), next_value = function(high);
  for (int step = 0; step < 50; ++step) {
    const double root = high - next_value * (high - low) / (next_value - value);
    low = high;
    value = next_value;
    high = root;
    if (std::abs(high - low) < 1e-9) return high;
    next_value = function(high);
  }
  throw std::runtime_error("the secant rule did not converge");
}

/// a and c at which both slopes are 0, by Newton's rule with differences for the second derivatives.
inline std::pair<double, double> joint_root(const Objective<double>& objective,
                                            const network::MlpShape& shape, const JetBatch<double>& batch,
                                            double a, double c) {
  for (int step = 0; step < 50; ++step) {
    constexpr double h = 1e-5;
    const Slopes here = slopes_at(objective, shape, batch, a, c);
    const Slopes along_a = slopes_at(objective, shape, batch, a + h, c);
    const Slopes along_c = slopes_at(objective, shape, batch, a, c + h);
    const double aa = (along_a.energy - here.energy) / h, ac = (along_c.energy - here.energy) / h;
    const double cc = (along_c.normalizer - here.normalizer) / h;
    const double determinant = aa * cc - ac * ac;
    const double step_a = (cc * here.energy - ac * here.normalizer) / determinant;
    const double step_c = (aa * here.normalizer - ac * here.energy) / determinant;
    a -= step_a;
    c -= step_c;
    if (std::abs(step_a) + std::abs(step_c) < 1e-8) return {a, c};
  }
  throw std::runtime_error("Newton's rule did not converge");
}

}  // namespace ebmpi::test
