// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include "network/evaluate.hpp"
#include "network/mlp_energy.hpp"
#include "objective/contrastive_divergence.hpp"
#include "objective/score_matching.hpp"
#include "selftest/groups.hpp"
#include "selftest/measure.hpp"
#include "selftest/reference_network.hpp"

namespace ebmpi::selftest {
namespace {

using network::Activation;
using objective::Directions;
using objective::ScoreMatchingSettings;
using objective::SquaredScore;

std::vector<double> drawn_parameters(const network::MlpShape& shape) {
  const std::vector<float> drawn = normal_rows(Draw::parameters, network::mlp_layout(shape).size(), 1, 0.5);
  return {drawn.begin(), drawn.end()};
}

/// Energies (N) and gradients (N · D) as every command evaluates them.
struct Evaluation {
  std::vector<double> energies, gradients;
};

Evaluation evaluated(const network::Mlp<float>& mlp, const Samples& samples) {
  const core::Rows<float> gradients("ebmpi::selftest::gradients", samples.x().extent(0),
                                    samples.x().extent(1));
  const auto energies = to_device(std::vector<float>(samples.x().extent(0)));
  network::evaluate(core::ExecutionSpace(), network::MlpEnergy<float>{mlp.view()}, samples.x(), energies,
                    gradients);
  return {to_host(energies), to_host(gradients)};
}

/// E = ½ Σ_i u_i (w_i·x + b_i)² + c, of which everything is known.
class QuadraticNetwork {
public:
  static constexpr int inputs = 5, units = 12;

  QuadraticNetwork() : parameters_(drawn_parameters(shape())) {}

  static network::MlpShape shape() { return {inputs, {units}, Activation::quadratic}; }
  const std::vector<double>& parameters() const { return parameters_; }
  double weight(int i, int d) const { return parameters_[static_cast<std::size_t>(i * inputs + d)]; }
  double output(int i) const { return parameters_[static_cast<std::size_t>(units * (inputs + 1) + i)]; }

  /// w_i·x + b_i.
  double unit(int i, const float* x) const {
    double sum = parameters_[static_cast<std::size_t>(units * inputs + i)];
    for (int d = 0; d < inputs; ++d) sum += weight(i, d) * static_cast<double>(x[d]);
    return sum;
  }
  double energy(const float* x) const {
    double sum = parameters_.back();
    for (int i = 0; i < units; ++i) sum += 0.5 * output(i) * unit(i, x) * unit(i, x);
    return sum;
  }
  /// Entry (d, e) of the Hessian WᵀUW.
  double hessian(int d, int e) const {
    double sum = 0;
    for (int i = 0; i < units; ++i) sum += output(i) * weight(i, d) * weight(i, e);
    return sum;
  }

private:
  std::vector<double> parameters_;
};

/// Adds `share` · ∂E/∂θ at x: u_i z_i xᵀ, u_i z_i, ½z_i², 1.
void add_gradient(const QuadraticNetwork& quadratic, const float* x, double share,
                  std::vector<double>& gradient) {
  constexpr int inputs = QuadraticNetwork::inputs, units = QuadraticNetwork::units;
  for (int i = 0; i < units; ++i) {
    const double z = quadratic.unit(i, x), pull = share * quadratic.output(i) * z;
    for (int d = 0; d < inputs; ++d)
      gradient[static_cast<std::size_t>(i * inputs + d)] += pull * static_cast<double>(x[d]);
    gradient[static_cast<std::size_t>(units * inputs + i)] += pull;
    gradient[static_cast<std::size_t>(units * (inputs + 1) + i)] += 0.5 * share * z * z;
  }
  gradient.back() += share;
}

constexpr int quadratic_roundings = core::tile_size + QuadraticNetwork::inputs + QuadraticNetwork::units + 8;

void check_quadratic_energy(CheckList& list) {
  constexpr std::int64_t rows = 200;
  const QuadraticNetwork quadratic;
  const Samples samples(QuadraticNetwork::inputs, normal_rows(Draw::data, rows, QuadraticNetwork::inputs));
  std::vector<double> energies, gradients;
  double scale = 1;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* const x = samples.values().data() + row * QuadraticNetwork::inputs;
    energies.push_back(quadratic.energy(x));
    double size = 0;  // of the addends
    for (int i = 0; i < QuadraticNetwork::units; ++i)
      size += std::abs(quadratic.output(i)) * std::pow(quadratic.unit(i, x), 2);
    scale = std::fmax(scale, size);
    for (int d = 0; d < QuadraticNetwork::inputs; ++d) {
      double slope = 0;
      for (int i = 0; i < QuadraticNetwork::units; ++i)
        slope += quadratic.output(i) * quadratic.unit(i, x) * quadratic.weight(i, d);
      gradients.push_back(slope);
    }
  }
  const Evaluation found = evaluated(network_of(QuadraticNetwork::shape(), quadratic.parameters()), samples);
  constexpr int steps = QuadraticNetwork::inputs + QuadraticNetwork::units + 8;
  list.compare("quadratic network: E", found.energies, energies, roundings(steps, scale));
  list.compare("quadratic network: ∇E", found.gradients, gradients, roundings(steps, scale));
}

/// Contrastive divergence is the difference of two mean ∂E/∂θ.
void check_quadratic_gradient(CheckList& list) {
  constexpr std::int64_t rows = 200;
  constexpr int inputs = QuadraticNetwork::inputs;
  const QuadraticNetwork quadratic;
  const Samples samples(inputs, normal_rows(Draw::data, rows, inputs),
                        normal_rows(Draw::negatives, rows, inputs, 1.5));
  std::vector<double> gradient(quadratic.parameters().size(), 0.0), size = gradient;
  std::vector<double> one;
  for (std::int64_t row = 0; row < 2 * rows; ++row) {
    const float* const x = samples.values().data() + row * inputs;
    one.assign(gradient.size(), 0.0);
    add_gradient(quadratic, x, (row < rows ? 1.0 : -1.0) / static_cast<double>(rows), one);
    for (std::size_t i = 0; i < one.size(); ++i) {
      gradient[i] += one[i];
      size[i] += std::abs(one[i]);
    }
  }
  const double scale = *std::max_element(size.begin(), size.end());
  list.compare("quadratic network: ∂E/∂θ",
               measure(*objective::make_contrastive_divergence<float>({}),
                       network_of(QuadraticNetwork::shape(), quadratic.parameters()), samples)
                   .gradient,
               gradient, roundings(quadratic_roundings, scale));
}

/// ΔE = tr WᵀUW at every sample; vᵀ(∇²E)v along random directions has that mean, and the variance 2 Σ H_de²,
/// for signs without the diagonal.
void check_second_derivatives(CheckList& list) {
  constexpr std::int64_t rows = 4096;
  constexpr int inputs = QuadraticNetwork::inputs;
  const QuadraticNetwork quadratic;
  const Samples samples(inputs, normal_rows(Draw::data, rows, inputs));
  const network::Mlp<float> mlp = network_of(QuadraticNetwork::shape(), quadratic.parameters());
  double trace = 0, off_diagonal = 0, diagonal = 0, size = 0;
  for (int d = 0; d < inputs; ++d) {
    trace += quadratic.hessian(d, d);
    for (int e = 0; e < inputs; ++e)
      (d == e ? diagonal : off_diagonal) += quadratic.hessian(d, e) * quadratic.hessian(d, e);
    for (int i = 0; i < QuadraticNetwork::units; ++i)
      size += std::abs(quadratic.output(i)) * quadratic.weight(i, d) * quadratic.weight(i, d);
  }
  const auto laplacian_of = [&](const ScoreMatchingSettings& settings) {
    return measure(*objective::make_score_matching<float>(settings, QuadraticNetwork::shape(), {}), mlp,
                   samples)
        .report.term("laplacian");
  };
  const core::PhiloxKey key = key_of(core::Purpose::projections);
  list.compare("quadratic network: ΔE", laplacian_of({}), trace, roundings(quadratic_roundings, size));
  list.compare("quadratic network: vᵀ(∇²E)v, signs",
               laplacian_of({Directions::rademacher, SquaredScore::along_directions, 1, key}), trace,
               standard_errors(std::sqrt(2.0 * off_diagonal / static_cast<double>(rows))));
  list.compare("quadratic network: vᵀ(∇²E)v, normal",
               laplacian_of({Directions::gaussian, SquaredScore::along_directions, 1, key}), trace,
               standard_errors(std::sqrt(2.0 * (off_diagonal + diagonal) / static_cast<double>(rows))));
}

/// E, ∇E and, of smooth ones, the loss of exact score matching and its gradient, against the same in double
/// precision by finite differences of E.
void check_activation(CheckList& list, const std::string& name, Activation activation) {
  const network::MlpShape shape{3, {8, 6}, activation};
  const std::vector<double> parameters = drawn_parameters(shape);
  const Samples samples(3, normal_rows(Draw::data, core::tile_size + 5, 3));
  const network::Mlp<float> mlp = network_of(shape, parameters);
  const ReferenceNetwork reference(shape, parameters);
  const std::vector<double> x(samples.values().begin(), samples.values().end());
  // Three layers of at most 8 addends, and activations of up to 4 units in the last place, there and back.
  constexpr int steps = 2 * 3 * (8 + 8);
  const Evaluation found = evaluated(mlp, samples);
  const double scale = reference.scale(x);
  list.compare(name + " network: E", found.energies, reference.energies(x), roundings(steps, scale));
  list.compare(name + " network: ∇E", found.gradients, reference.gradients(x), roundings(steps, scale));
  if (!network::is_smooth(activation)) return;

  const Measurement measured = measure(*objective::make_score_matching<float>({}, shape, {}), mlp, samples);
  const double loss = reference.score_matching_loss(x);
  const Tolerance tolerance = roundings(core::tile_size + 2 * steps, scale * scale);
  list.compare(name + " network: exact score matching", measured.report.loss, loss, tolerance);
  const std::vector<float> direction =
      normal_rows(Draw::directions, static_cast<std::int64_t>(parameters.size()), 1, 0.25);
  double slope = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    slope += measured.gradient[i] * static_cast<double>(direction[i]);
  const std::function<double(double)> along = [&](double t) {
    std::vector<double> moved = parameters;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += t * static_cast<double>(direction[i]);
    return ReferenceNetwork(shape, moved).score_matching_loss(x);
  };
  list.compare(name + " network: exact score matching, gradient along a direction", slope,
               first_difference(along, 1e-2), tolerance);
}

}  // namespace

CheckList network_checks() {
  CheckList list;
  check_quadratic_energy(list);
  check_quadratic_gradient(list);
  check_second_derivatives(list);
  check_activation(list, "SiLU", Activation::silu);
  check_activation(list, "tanh", Activation::tanh);
  check_activation(list, "softplus", Activation::softplus);
  check_activation(list, "GELU", Activation::gelu);
  check_activation(list, "sin", Activation::sin);
  check_activation(list, "ReLU", Activation::relu);
  check_activation(list, "leaky ReLU", Activation::leaky_relu);
  return list;
}

}  // namespace ebmpi::selftest
