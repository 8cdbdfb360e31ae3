// SPDX-License-Identifier: Apache-2.0
#include "selftest/reference_network.hpp"

#include <cmath>

namespace ebmpi::selftest {

using network::Activation;

namespace {
/// Of ∇E: the error of a smooth E is h⁴/30 of its fifth derivative, and a kink is met by few samples only.
constexpr double gradient_step = 1e-4;
constexpr double laplacian_step = 1e-2;
}  // namespace

double first_difference(const std::function<double(double)>& f, double step) {
  return (8.0 * (f(step) - f(-step)) - (f(2.0 * step) - f(-2.0 * step))) / (12.0 * step);
}

double second_difference(const std::function<double(double)>& f, double step) {
  return (16.0 * (f(step) + f(-step)) - (f(2.0 * step) + f(-2.0 * step)) - 30.0 * f(0.0)) /
         (12.0 * step * step);
}

ReferenceNetwork::ReferenceNetwork(network::MlpShape shape, std::vector<double> parameters)
    : shape_(std::move(shape)), parameters_(std::move(parameters)) {}

double ReferenceNetwork::activate(double z) const {
  switch (shape_.activation) {
    case Activation::silu:
      return z / (1.0 + std::exp(-z));
    case Activation::tanh:
      return std::tanh(z);
    case Activation::softplus:
      return std::fmax(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
    case Activation::gelu:
      return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
    case Activation::sin:
      return std::sin(z);
    case Activation::quadratic:
      return 0.5 * z * z;
    case Activation::relu:
      return std::fmax(z, 0.0);
    case Activation::leaky_relu:
      break;
  }
  return z > 0.0 ? z : network::leaky_slope * z;
}

double ReferenceNetwork::energy(const double* x, double& largest) const {
  std::vector<double> units(x, x + shape_.inputs);
  const double* parameter = parameters_.data();
  for (int layer = 0; layer < shape_.layers(); ++layer) {
    std::vector<double> next(static_cast<std::size_t>(shape_.layer_outputs(layer)));
    const double* bias = parameter + next.size() * units.size();
    for (double& unit : next) {
      unit = *bias++;
      double size = std::abs(unit);
      for (const double in : units) {
        unit += *parameter * in;
        size += std::abs(*parameter++ * in);
      }
      largest = std::fmax(largest, size);
      if (layer + 1 < shape_.layers()) unit = activate(unit);
    }
    parameter = bias;
    units = std::move(next);
  }
  return units.front();
}

std::function<double(double)> ReferenceNetwork::along(const double* x, int d) const {
  return [this, row = std::vector<double>(x, x + shape_.inputs), d](double shift) {
    std::vector<double> moved = row;
    moved[static_cast<std::size_t>(d)] += shift;
    double ignored = 0;
    return energy(moved.data(), ignored);
  };
}

std::vector<double> ReferenceNetwork::energies(const std::vector<double>& x) const {
  std::vector<double> result;
  double ignored = 0;
  for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(shape_.inputs))
    result.push_back(energy(x.data() + first, ignored));
  return result;
}

std::vector<double> ReferenceNetwork::gradients(const std::vector<double>& x) const {
  std::vector<double> result;
  for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(shape_.inputs)) {
    for (int d = 0; d < shape_.inputs; ++d)
      result.push_back(first_difference(along(x.data() + first, d), gradient_step));
  }
  return result;
}

double ReferenceNetwork::score_matching_loss(const std::vector<double>& x) const {
  double sum = 0;
  for (const double slope : gradients(x)) sum += 0.5 * slope * slope;
  for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(shape_.inputs)) {
    for (int d = 0; d < shape_.inputs; ++d)
      sum -= second_difference(along(x.data() + first, d), laplacian_step);
  }
  return sum * shape_.inputs / static_cast<double>(x.size());
}

double ReferenceNetwork::scale(const std::vector<double>& x) const {
  double largest = 1;
  for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(shape_.inputs))
    energy(x.data() + first, largest);
  return largest;
}

}  // namespace ebmpi::selftest
