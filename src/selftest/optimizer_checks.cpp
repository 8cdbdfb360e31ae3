// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "optimizer/gradient_norm.hpp"
#include "optimizer/optimizer.hpp"
#include "optimizer/spectral_norm.hpp"
#include "optimizer/weight_regularizer.hpp"
#include "selftest/groups.hpp"
#include "selftest/samples.hpp"

namespace ebmpi::selftest {
namespace {

constexpr double rate = 0.01;
constexpr int updates = 5, count = 1500;

/// Parameters after some steps from 0 along one gradient.
std::vector<double> updated(const optimizer::Settings& settings, const std::vector<float>& gradient,
                            int steps) {
  const optimizer::Optimizer<float> optimizer(settings, count);
  const auto direction = to_device(gradient);
  const auto parameters = to_device(std::vector<float>(count, 0.0f));
  for (int step = 1; step <= steps; ++step) optimizer.update(step, rate, direction, parameters);
  return to_host(parameters);
}

void check_steps(CheckList& list, const std::vector<float>& gradient) {
  optimizer::Settings adam;
  adam.epsilon = 0.0;
  optimizer::Settings sgd;
  sgd.kind = optimizer::Kind::sgd;
  sgd.momentum = 0.75;
  std::vector<double> signs, momentum;
  // Velocities g (1 - μ^k)/(1 - μ), summed over k.
  const double mu = sgd.momentum;
  const double path = (updates - mu * (1.0 - std::pow(mu, updates)) / (1.0 - mu)) / (1.0 - mu);
  for (const float g : gradient) {
    signs.push_back(std::copysign(rate, -static_cast<double>(g)));
    momentum.push_back(-rate * path * static_cast<double>(g));
  }
  // A rounding of β2 = 0.999 is 1000 of 1 - β2, and half as many of its root: 250 of half a unit below 1.
  constexpr int steps_of_adam = 250 + 16;
  list.compare("Adam: first step is -η sign(g)", updated(adam, gradient, 1), signs,
               roundings(steps_of_adam, rate));
  for (double& sign : signs) sign *= updates;
  list.compare("Adam: constant gradient, -kη sign(g)", updated(adam, gradient, updates), signs,
               roundings(steps_of_adam, rate * updates));
  list.compare("SGD: momentum along a constant gradient", updated(sgd, gradient, updates), momentum,
               roundings(4 * updates, rate * path * 5.0));
}

void check_average(CheckList& list, const std::vector<float>& values) {
  constexpr double decay = 0.75;
  const auto parameters = to_device(values);
  const auto average = to_device(std::vector<float>(count, 0.0f));
  std::vector<double> wanted;
  for (int step = 0; step < updates; ++step) optimizer::update_average(decay, parameters, average);
  for (const float value : values)
    wanted.push_back(static_cast<double>(value) * (1.0 - std::pow(decay, updates)));
  list.compare("moving average of constant parameters", to_host(average), wanted,
               roundings(4 * updates, 5.0));
}

void check_clip(CheckList& list, const std::vector<float>& values) {
  constexpr double bound = 2.0;
  double square = 0;
  for (const float value : values) square += static_cast<double>(value) * static_cast<double>(value);
  const double norm = std::sqrt(square);
  std::vector<double> wanted;
  for (const float value : values) wanted.push_back(static_cast<double>(value) * bound / norm);
  const auto gradient = to_device(values);
  const optimizer::GradientNorm<float> gradient_norm(count);
  const double found = gradient_norm(gradient);
  list.compare("clipping: norm", found, norm, {count * norm * 0x1p-53, "1500 roundings to double"});
  gradient_norm.clip(gradient, found, bound);
  list.compare("clipping: bounded gradient", to_host(gradient), wanted, roundings(2, bound));
}

void check_shrinkage(CheckList& list, const std::vector<float>& values) {
  constexpr double decay = 2.0, l1 = 25.0;
  const auto parameters = to_device(values);
  optimizer::WeightRegularizer<float>({decay, l1}, {{0, count, 1}}).apply(rate, parameters);
  std::vector<double> wanted;
  for (const float value : values) {
    const double weight = static_cast<double>(value) * (1.0 - rate * decay);
    wanted.push_back(std::copysign(std::fmax(0.0, std::abs(weight) - rate * l1), weight));
  }
  list.compare("weight decay and L1", to_host(parameters), wanted, roundings(4, 5.0));
}

/// A diagonal matrix (48, 30) has its largest entry as the largest singular value: normalised, it is divided
/// by that.
void check_spectral(CheckList& list) {
  constexpr std::int64_t rows = 48, columns = 30;
  constexpr int iterations = 40;  // (1/2)^80 of the other directions is left
  std::vector<float> weights(rows * columns, 0.0f);
  std::vector<double> wanted(rows * columns, 0.0);
  for (std::int64_t i = 0; i < columns; ++i) {
    const double entry = i == 7 ? 3.0 : 1.5 / static_cast<double>(1 + i);
    weights[static_cast<std::size_t>(i * columns + i)] = static_cast<float>(entry);
    wanted[static_cast<std::size_t>(i * columns + i)] = entry / 3.0;
  }
  const auto parameters = to_device(weights);
  const optimizer::SpectralNorm<float> normalize({{0, rows, columns}});
  normalize.initialize(1, parameters);
  for (int iteration = 0; iteration < iterations; ++iteration) normalize.normalize(parameters);
  list.compare("spectral normalisation of a diagonal matrix", to_host(parameters), wanted,
               roundings(2 * (iterations + 50), 1.0));
}

}  // namespace

CheckList optimizer_checks() {
  const std::vector<float> values = normal_rows(Draw::parameters, count, 1);
  CheckList list;
  check_steps(list, values);
  check_average(list, values);
  check_clip(list, values);
  check_shrinkage(list, values);
  check_spectral(list);
  return list;
}

}  // namespace ebmpi::selftest
