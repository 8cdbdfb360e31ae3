// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealing_base.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <utility>

#include "data/symmetric_eigen.hpp"

namespace ebmpi::evaluation {
namespace {

using network::AffineMap;

/// Narrower directions than this share of the mean variance are widened: rounding would rule there.
constexpr double least_variance = 1e-4;

std::vector<double> mean_of_rows(std::span<const double> rows, std::size_t dimension) {
  std::vector<double> mean(dimension, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) mean[i % dimension] += rows[i];
  for (double& value : mean) value /= static_cast<double>(rows.size() / dimension);
  return mean;
}

/// (K, K), row-major.
std::vector<double> covariance_of(std::span<const double> rows, const std::vector<double>& mean) {
  const std::size_t dimension = mean.size(), count = rows.size() / dimension;
  std::vector<double> covariance(dimension * dimension, 0.0), away(dimension);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t d = 0; d < dimension; ++d) away[d] = rows[row * dimension + d] - mean[d];
    for (std::size_t i = 0; i < dimension; ++i) {
      for (std::size_t j = 0; j <= i; ++j) covariance[i * dimension + j] += away[i] * away[j];
    }
  }
  for (std::size_t i = 0; i < dimension; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      covariance[i * dimension + j] /= static_cast<double>(count);
      covariance[j * dimension + i] = covariance[i * dimension + j];
    }
  }
  return covariance;
}

std::vector<double> variances_of(std::span<const double> rows, const std::vector<double>& mean) {
  std::vector<double> variances(mean.size(), 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double away = rows[i] - mean[i % mean.size()];
    variances[i % mean.size()] += away * away / static_cast<double>(rows.size() / mean.size());
  }
  return variances;
}

/// Deviations from variances, of which none is too small.
std::vector<double> deviations_of(std::vector<double> variances) {
  const double mean =
      std::accumulate(variances.begin(), variances.end(), 0.0) / static_cast<double>(variances.size());
  const double least = mean > 0.0 ? least_variance * mean : 1.0;
  for (double& variance : variances) variance = std::sqrt(std::max(variance, least));
  return variances;
}

double sum_of_logs(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, double value) { return sum + std::log(value); });
}

AnnealingBase diagonal_base(const std::vector<double>& mean, const std::vector<double>& deviations,
                            const char* kind) {
  std::vector<double> inverse, back;
  for (std::size_t d = 0; d < mean.size(); ++d) {
    inverse.push_back(1.0 / deviations[d]);
    back.push_back(-mean[d] / deviations[d]);
  }
  return {AffineMap::diagonal(deviations, mean), AffineMap::diagonal(std::move(inverse), std::move(back)),
          sum_of_logs(deviations), kind};
}

/// With the covariance V diag(s²) Vᵀ, L = V diag(s).
AnnealingBase full_base(const std::vector<double>& mean, std::vector<double> covariance) {
  const auto dimension = static_cast<std::int64_t>(mean.size());
  const std::size_t size = mean.size();
  const data::SymmetricEigen eigen = data::symmetric_eigen(dimension, std::move(covariance));
  const std::vector<double> deviations = deviations_of(eigen.values);
  std::vector<double> forward(size * size), inverse(size * size);
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t d = 0; d < size; ++d) {
      forward[d * size + k] = eigen.vectors[k * size + d] * deviations[k];
      inverse[k * size + d] = eigen.vectors[k * size + d] / deviations[k];
    }
  }
  AffineMap from_model = AffineMap::dense(dimension, std::move(inverse), std::vector<double>(size, 0.0));
  const std::vector<double> offset = from_model(mean);
  std::ranges::transform(offset, from_model.shift.begin(), std::negate());
  return {AffineMap::dense(dimension, std::move(forward), mean), std::move(from_model),
          sum_of_logs(deviations), "full"};
}

}  // namespace

double AnnealingBase::log_partition() const {
  return log_volume + 0.5 * static_cast<double>(to_model.inputs) * std::log(2.0 * std::numbers::pi);
}

std::vector<double> map_rows(const AffineMap& map, std::span<const double> rows) {
  const auto dimension = static_cast<std::size_t>(map.inputs);
  std::vector<double> result;
  result.reserve(rows.size());
  for (std::size_t first = 0; first < rows.size(); first += dimension) {
    const std::span<const double> row = rows.subspan(first, dimension);
    const std::vector<double> mapped = map(std::vector<double>(row.begin(), row.end()));
    result.insert(result.end(), mapped.begin(), mapped.end());
  }
  return result;
}

AnnealingBase fit_annealing_base(std::span<const double> rows, std::int64_t dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  const std::vector<double> mean = mean_of_rows(rows, size);
  if (dimension <= most_full_dimensions && rows.size() >= 2 * size * size)
    return full_base(mean, covariance_of(rows, mean));
  return diagonal_base(mean, deviations_of(variances_of(rows, mean)), "diagonal");
}

AnnealingBase choose_annealing_base(std::span<const double> rows, const data::ModelSpaceMoments& moments) {
  const auto dimension = static_cast<std::int64_t>(moments.mean.size());
  if (static_cast<std::int64_t>(rows.size()) >= fewest_base_rows * dimension)
    return fit_annealing_base(rows, dimension);
  std::vector<double> variances;
  for (const double deviation : moments.deviation) variances.push_back(deviation * deviation);
  return diagonal_base(moments.mean, deviations_of(std::move(variances)), "moments");
}

}  // namespace ebmpi::evaluation
