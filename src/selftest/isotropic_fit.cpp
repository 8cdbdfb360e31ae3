// SPDX-License-Identifier: Apache-2.0
#include "selftest/isotropic_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ebmpi::selftest {
namespace {

constexpr double first_weight = 0.5;
/// ½u(wx)² = ½ax² with u = a/w².
constexpr double output_factor = 1.0 / (first_weight * first_weight);

constexpr double interval = 0.25;
/// Gauss and Legendre's outer nodes lie at the middle ± half the interval · √(3/5).
const double node = 0.5 * interval * std::sqrt(0.6);

}  // namespace

IsotropicFit::IsotropicFit(const objective::Objective<float>& objective, const Samples& samples,
                           Isotropic network)
    : objective_(&objective), samples_(&samples), network_(network) {}

Point IsotropicFit::at(double a, double log_normalizer) const {
  return network_ == Isotropic::score ? at_score(a) : at_energy(a, log_normalizer);
}

Point IsotropicFit::at_energy(double a, double log_normalizer) const {
  const auto coordinates = static_cast<std::size_t>(samples_->dimension());
  const std::size_t inputs = coordinates + (network_ == Isotropic::energy_told_sigma ? 1 : 0);
  network::MlpShape shape{
      static_cast<int>(inputs), {static_cast<int>(inputs)}, network::Activation::quadratic};
  if (network_ == Isotropic::energy_and_normalizer) shape.log_normalizer = network::LogNormalizer::learned;
  const std::size_t weights = inputs * inputs, output = weights + inputs, normalizer = output + inputs + 1;
  std::vector<double> parameters(static_cast<std::size_t>(network::mlp_layout(shape).size()), 0.0);
  for (std::size_t i = 0; i < inputs; ++i) {
    parameters[i * inputs + i] = i < coordinates ? first_weight : 1.0;
    parameters[output + i] = i < coordinates ? output_factor * a : 1.0;
  }
  if (normalizer < parameters.size()) parameters[normalizer] = log_normalizer;

  const Measurement measured = measure(*objective_, network_of(shape, parameters), *samples_);
  Point point;
  point.report = measured.report;
  point.loss = measured.report.loss;
  for (std::size_t i = 0; i < coordinates; ++i) {
    point.slope += output_factor * measured.gradient[output + i];
    // a = uw² at fixed u.
    point.first_layer_slope += measured.gradient[i * inputs + i] / (2.0 * output_factor * a * first_weight);
  }
  if (normalizer < parameters.size()) point.normalizer_slope = measured.gradient[normalizer];
  return point;
}

Point IsotropicFit::at_score(double a) const {
  const auto inputs = static_cast<std::size_t>(samples_->dimension());
  network::MlpShape shape{samples_->dimension(), {}};
  shape.outputs = samples_->dimension();
  std::vector<double> parameters(inputs * inputs + inputs, 0.0);
  for (std::size_t i = 0; i < inputs; ++i) parameters[i * inputs + i] = -a;
  const Measurement measured = measure(*objective_, network_of(shape, parameters), *samples_);
  Point point;
  point.report = measured.report;
  point.loss = measured.report.loss;
  for (std::size_t i = 0; i < inputs; ++i) point.slope -= measured.gradient[i * inputs + i];
  point.first_layer_slope = point.slope;
  return point;
}

int roundings_of(int dimension) {
  constexpr int functions = 16;
  return core::tile_size + 2 * dimension + functions;
}

Sweep::Sweep(const IsotropicFit& fit, double log_normalizer)
    : dimension_(fit.samples().dimension()),
      below_(fit.at(1.0 - 0.5 * interval, log_normalizer)),
      one_(fit.at(1.0, log_normalizer)),
      middle_(fit.at(1.0 + 0.5 * interval, log_normalizer)),
      above_(fit.at(1.0 + interval, log_normalizer)),
      first_node_(fit.at(1.0 + 0.5 * interval - node, log_normalizer)),
      last_node_(fit.at(1.0 + 0.5 * interval + node, log_normalizer)) {}

double Sweep::curvature() const {
  return (middle_.slope - below_.slope) / interval;
}

void Sweep::check_gradient(CheckList& list, const std::string& subject) const {
  const double grown = above_.loss - one_.loss;
  const auto integral = [](double first, double middle, double last) {
    return interval / 18.0 * (5.0 * first + 8.0 * middle + 5.0 * last);
  };
  const double integrals[] = {
      integral(first_node_.slope, middle_.slope, last_node_.slope),
      integral(first_node_.first_layer_slope, middle_.first_layer_slope, last_node_.first_layer_slope)};
  // Every loss here is made of energies, squared scores and traces, of magnitude D.
  list.compare(subject + ": gradient", integrals, std::vector<double>(2, grown),
               roundings(roundings_of(dimension_), 1.0 + dimension_));
}

std::string subject(const std::string& what, int dimension) {
  return fmt::format("{}, D = {}", what, dimension);
}

}  // namespace ebmpi::selftest
