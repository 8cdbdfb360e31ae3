// SPDX-License-Identifier: Apache-2.0
#include "simulation/gaussian_simulators.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "core/to_device.hpp"
#include "simulation/gaussian_programs.hpp"

namespace ebmpi::simulation {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// mean_0, mean_1, … of the whole line.
std::vector<Parameter> real_parameters(const std::string& stem, std::int64_t count) {
  std::vector<Parameter> parameters;
  for (std::int64_t i = 0; i < count; ++i)
    parameters.push_back({stem + "_" + std::to_string(i), -infinity, infinity, 0.0});
  return parameters;
}

}  // namespace

std::unique_ptr<Simulator> gaussian_location(std::int64_t dimension, double noise) {
  return std::make_unique<ProgramSimulator<GaussianLocation>>(
      "ebmpi::simulation::gaussian_location", GaussianLocation{static_cast<int>(dimension), noise},
      real_parameters("mean", dimension));
}

std::unique_ptr<Simulator> gaussian_scale(std::int64_t dimension) {
  return std::make_unique<ProgramSimulator<GaussianScale>>(
      "ebmpi::simulation::gaussian_scale", GaussianScale{static_cast<int>(dimension)},
      std::vector<Parameter>{{"variance", 0.0, infinity, 1.0}});
}

std::vector<double> linear_gaussian_matrix(std::int64_t dimension) {
  const auto size = static_cast<double>(dimension);
  std::vector<double> matrix;
  for (std::int64_t i = 0; i < dimension; ++i) {
    for (std::int64_t j = 0; j < dimension; ++j) {
      const double product = static_cast<double>((i + 1) * (j + 1));
      const double sine = std::sqrt(2.0 / (size + 1.0)) * std::sin(std::numbers::pi * product / (size + 1.0));
      matrix.push_back((1.0 + static_cast<double>(j) / size) * sine);
    }
  }
  return matrix;
}

std::unique_ptr<Simulator> linear_gaussian(std::int64_t dimension, double noise) {
  const auto matrix = core::to_device<double>(linear_gaussian_matrix(dimension), "ebmpi::simulation::matrix");
  return std::make_unique<ProgramSimulator<LinearGaussian>>(
      "ebmpi::simulation::linear_gaussian", LinearGaussian{matrix, static_cast<int>(dimension), noise},
      real_parameters("theta", dimension));
}

std::unique_ptr<Simulator> gaussian_mixture(std::int64_t dimension, double noise) {
  return std::make_unique<ProgramSimulator<GaussianMixture>>(
      "ebmpi::simulation::gaussian_mixture", GaussianMixture{static_cast<int>(dimension), noise},
      std::vector<Parameter>{{"offset", -infinity, infinity, 3.0}, {"weight", 0.0, 1.0, 0.5}});
}

}  // namespace ebmpi::simulation
