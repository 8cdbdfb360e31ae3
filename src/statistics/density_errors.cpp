// SPDX-License-Identifier: Apache-2.0
#include "statistics/density_errors.hpp"

#include <stdexcept>
#include <vector>

namespace ebmpi::statistics {

Estimate fisher_divergence(std::span<const double> model, std::span<const double> truth,
                           std::int64_t dimension) {
  if (model.size() != truth.size() || dimension < 1 ||
      model.size() % static_cast<std::size_t>(dimension) != 0)
    throw std::invalid_argument("whole rows, as many of both");
  if (!all_finite(model) || !all_finite(truth)) return undefined_estimate();
  std::vector<double> squares(model.size() / static_cast<std::size_t>(dimension));
  for (std::size_t i = 0; i < model.size(); ++i) {
    const double difference = model[i] - truth[i];
    squares[i / static_cast<std::size_t>(dimension)] += difference * difference;
  }
  return mean_of(squares);
}

LogDensityError log_density_error(std::span<const double> model, std::span<const double> truth) {
  if (model.size() != truth.size()) throw std::invalid_argument("as many log densities of both");
  if (!all_finite(model) || !all_finite(truth)) return {undefined_estimate(), undefined_estimate()};
  std::vector<double> differences, squares;
  for (std::size_t i = 0; i < model.size(); ++i) {
    differences.push_back(model[i] - truth[i]);
    squares.push_back(differences.back() * differences.back());
  }
  return {mean_of(differences), mean_of(squares)};
}

}  // namespace ebmpi::statistics
