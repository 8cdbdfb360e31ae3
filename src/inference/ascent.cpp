// SPDX-License-Identifier: Apache-2.0
#include "inference/ascent.hpp"

#include <algorithm>
#include <cmath>

#include "data/symmetric_eigen.hpp"

namespace ebmpi::inference {
namespace {

std::vector<double> natural_direction(std::int64_t simulations, std::span<const double> score,
                                      std::span<const double> information) {
  const std::size_t size = score.size();
  const data::SymmetricEigen eigen = data::symmetric_eigen(
      static_cast<std::int64_t>(size), std::vector<double>(information.begin(), information.end()));
  const double least = 1.0 / std::sqrt(static_cast<double>(simulations));
  std::vector<double> direction(size, 0.0);
  for (std::size_t k = 0; k < size; ++k) {
    const double* const vector = &eigen.vectors[k * size];
    double along = 0.0;
    for (std::size_t i = 0; i < size; ++i) along += vector[i] * score[i];
    for (std::size_t i = 0; i < size; ++i)
      direction[i] += vector[i] * along / std::max(eigen.values[k], least);
  }
  return direction;
}

std::vector<double> adam_direction(std::int64_t step, std::span<const double> score, AscentMoments& moments) {
  constexpr double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  const auto updates = static_cast<double>(step + 1);
  std::vector<double> direction(score.size());
  for (std::size_t i = 0; i < score.size(); ++i) {
    moments.first[i] = beta1 * moments.first[i] + (1.0 - beta1) * score[i];
    moments.second[i] = beta2 * moments.second[i] + (1.0 - beta2) * score[i] * score[i];
    const double first = moments.first[i] / (1.0 - std::pow(beta1, updates));
    const double second = moments.second[i] / (1.0 - std::pow(beta2, updates));
    direction[i] = first / (std::sqrt(second) + epsilon);
  }
  return direction;
}

}  // namespace

std::vector<double> ascent_move(const AscentSettings& settings, std::int64_t step, std::int64_t simulations,
                                std::span<const double> score, std::span<const double> information,
                                AscentMoments& moments) {
  std::vector<double> move = settings.kind == AscentKind::natural
                                 ? natural_direction(simulations, score, information)
                                 : adam_direction(step, score, moments);
  double factor = settings.rate(step);
  double largest = 0.0;
  for (const double value : move) largest = std::max(largest, std::abs(value));
  if (factor * largest > 1.0) factor = 1.0 / largest;
  for (double& value : move) value *= factor;
  return move;
}

}  // namespace ebmpi::inference
