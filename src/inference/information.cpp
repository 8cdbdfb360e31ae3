// SPDX-License-Identifier: Apache-2.0
#include "inference/information.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "comm/shards.hpp"
#include "data/symmetric_eigen.hpp"

namespace ebmpi::inference {
namespace {

data::SymmetricEigen eigen_of(std::size_t size, std::span<const double> matrix) {
  return data::symmetric_eigen(static_cast<std::int64_t>(size),
                               std::vector<double>(matrix.begin(), matrix.end()));
}

/// Q f(λ) Qᵀ
template <class Function>
std::vector<double> function_of(std::size_t size, const data::SymmetricEigen& eigen,
                                const Function& function) {
  std::vector<double> result(size * size, 0.0);
  for (std::size_t k = 0; k < size; ++k) {
    const double value = function(eigen.values[k]);
    const double* const vector = &eigen.vectors[k * size];
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) result[i * size + j] += value * vector[i] * vector[j];
    }
  }
  return result;
}

}  // namespace

std::vector<double> packed(std::size_t size, std::span<const double> matrix) {
  std::vector<double> triangle;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) triangle.push_back(matrix[i * size + j]);
  }
  return triangle;
}

std::vector<double> unpacked(std::size_t size, std::span<const double> triangle) {
  std::vector<double> matrix(size * size);
  for (std::size_t i = 0, at = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) {
      matrix[i * size + j] = triangle[at];
      matrix[j * size + i] = triangle[at];
    }
  }
  return matrix;
}

std::vector<double> deconvolved(std::size_t size, std::span<const double> information) {
  constexpr double most = 1.0 - 1e-6;
  return function_of(size, eigen_of(size, information), [most](double value) {
    const double share = std::min(value, most);
    return share / (1.0 - share);
  });
}

std::vector<double> rescaled(std::span<const double> scale, std::span<const double> matrix) {
  const std::size_t size = scale.size();
  std::vector<double> result(matrix.begin(), matrix.end());
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) result[i * size + j] /= scale[i] * scale[j];
  }
  return result;
}

std::vector<double> inverse(std::size_t size, std::span<const double> matrix) {
  constexpr double least = 1e-9;
  std::vector<double> scale(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (!(matrix[i * (size + 1)] > 0.0)) return {};
    scale[i] = std::sqrt(matrix[i * (size + 1)]);
  }
  const data::SymmetricEigen eigen = eigen_of(size, rescaled(scale, matrix));
  if (!(eigen.values.back() > least)) return {};
  return rescaled(scale, function_of(size, eigen, [](double value) { return 1.0 / value; }));
}

std::vector<double> covariance_of_mean(std::size_t size, std::span<const double> rows) {
  const auto count = static_cast<std::int64_t>(rows.size() / size);
  const auto batches =
      std::max<std::int64_t>(2, static_cast<std::int64_t>(std::sqrt(static_cast<double>(count))));
  std::vector<double> means(static_cast<std::size_t>(batches) * size, 0.0), centre(size, 0.0);
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    const comm::IndexRange slice = comm::balanced_slice(count, batches, batch);
    double* const mean = &means[static_cast<std::size_t>(batch) * size];
    for (std::int64_t row = slice.first; row < slice.last; ++row) {
      for (std::size_t i = 0; i < size; ++i)
        mean[i] += rows[static_cast<std::size_t>(row) * size + i] / static_cast<double>(slice.size());
    }
    for (std::size_t i = 0; i < size; ++i) centre[i] += mean[i] / static_cast<double>(batches);
  }
  std::vector<double> covariance(size * size, 0.0);
  const auto divisor = static_cast<double>(batches * (batches - 1));
  for (std::size_t at = 0; at < means.size(); at += size) {
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j)
        covariance[i * size + j] += (means[at + i] - centre[i]) * (means[at + j] - centre[j]) / divisor;
    }
  }
  return covariance;
}

std::vector<double> ellipsoid_axes(std::size_t size, std::span<const double> covariance, double square) {
  const data::SymmetricEigen eigen = eigen_of(size, covariance);
  std::vector<double> axes = eigen.vectors;
  for (std::size_t k = 0; k < size; ++k) {
    const double length = std::sqrt(std::max(0.0, eigen.values[k]) * square);
    for (std::size_t i = 0; i < size; ++i) axes[k * size + i] *= length;
  }
  return axes;
}

}  // namespace ebmpi::inference
