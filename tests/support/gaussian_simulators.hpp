// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "simulation/simulation_stream.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::test {

/// x ~ N(A θ, noise² I) with A = I but for `coupling` below the diagonal, so that the maximum of the
/// likelihood is A⁻¹ times the mean of the data, and the information AᵀA / noise².
class LinearGaussian final : public simulation::Simulator {
public:
  LinearGaussian(std::size_t size, double noise, double coupling)
      : size_(size), noise_(noise), coupling_(coupling) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < size; ++i)
      parameters_.push_back({"theta_" + std::to_string(i), -infinity, infinity, 0.0});
  }
  const std::vector<simulation::Parameter>& parameters() const override { return parameters_; }
  int columns() const override { return static_cast<int>(size_); }
  void simulate(const simulation::Context& context, std::span<const double> theta,
                std::span<double> x) override {
    for (std::size_t first = 0; first < theta.size(); first += size_) {
      simulation::SimulationStream stream(
          context.key, context.first_number + static_cast<std::int64_t>(first / size_), context.step);
      for (std::size_t i = 0; i < size_; ++i) {
        const double before = i > 0 ? theta[first + i - 1] : 0.0;
        x[first + i] = theta[first + i] + coupling_ * before + noise_ * stream.normal();
      }
    }
  }
  std::vector<double> maximum_likelihood(std::span<const double> mean) const {
    std::vector<double> theta(mean.begin(), mean.end());
    for (std::size_t i = 1; i < size_; ++i) theta[i] -= coupling_ * theta[i - 1];
    return theta;
  }

private:
  std::size_t size_;
  double noise_, coupling_;
  std::vector<simulation::Parameter> parameters_;
};

/// x ~ N(0, θ I) of `size` columns: θ is a variance.
class GaussianScale final : public simulation::Simulator {
public:
  explicit GaussianScale(std::size_t size) : size_(size) {}
  const std::vector<simulation::Parameter>& parameters() const override { return parameters_; }
  int columns() const override { return static_cast<int>(size_); }
  void simulate(const simulation::Context& context, std::span<const double> theta,
                std::span<double> x) override {
    for (std::size_t row = 0; row < theta.size(); ++row) {
      simulation::SimulationStream stream(context.key, context.first_number + static_cast<std::int64_t>(row),
                                          context.step);
      for (std::size_t i = 0; i < size_; ++i) x[row * size_ + i] = std::sqrt(theta[row]) * stream.normal();
    }
  }

private:
  std::size_t size_;
  std::vector<simulation::Parameter> parameters_ = {
      {"variance", 0.0, std::numeric_limits<double>::infinity(), 1.0}};
};

}  // namespace ebmpi::test
