// SPDX-License-Identifier: Apache-2.0
#include "data/fit_transform.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "data/symmetric_eigen.hpp"

namespace ebmpi::data {

namespace {

/// Relative to the second moment about the shift: what rounding leaves of the variance of a constant column.
constexpr double rounding_of_variance = 1e-14;

bool is_full(const Moments& moments) {
  return moments.product_sum.size() == moments.sum.size() * moments.sum.size();
}

double second_moment(const Moments& moments, std::size_t i, std::size_t j) {
  const std::size_t width = moments.sum.size();
  const std::size_t position = is_full(moments) ? std::min(i, j) * width + std::max(i, j) : i;
  return moments.product_sum[position] / static_cast<double>(moments.count);
}

double covariance(const Moments& moments, std::size_t i, std::size_t j) {
  const double n = static_cast<double>(moments.count);
  return second_moment(moments, i, j) - (moments.sum[i] / n) * (moments.sum[j] / n);
}

void check(const Moments& moments, std::int64_t components) {
  if (moments.count < 1)
    throw core::InputError(
        "the data cannot be standardised (there are no training rows); use a file with rows, or a smaller "
        "data.validation_fraction");
  for (std::size_t i = 0; i < moments.sum.size(); ++i)
    if (!std::isfinite(moments.sum[i]) || !std::isfinite(second_moment(moments, i, i)))
      throw core::InputError(
          "column " + std::to_string(i) +
          " of the data cannot be used (it holds NaN, infinity or numbers whose squares overflow); clean "
          "or rescale it");
  const auto width = static_cast<std::int64_t>(moments.sum.size());
  if (components > width)
    throw core::InputError("data.pca = " + std::to_string(components) +
                           " is too many components (the data have " + std::to_string(width) +
                           " columns); use at most that");
  if (components > 0 && !is_full(moments))
    throw core::InputError(
        "principal components cannot be found (only variances were summed, not covariances); sum the full "
        "products");
}

bool is_constant(const Moments& moments, std::size_t i, double mean) {
  const double variance = covariance(moments, i, i);
  return variance <= rounding_of_variance * second_moment(moments, i, i) ||
         std::sqrt(variance) <= 1e-14 * std::abs(mean);
}

/// Covariance (D, D) of the columns divided by their scales.
std::vector<double> scaled_covariance(const Moments& moments, const std::vector<double>& scale) {
  const std::size_t width = scale.size();
  std::vector<double> matrix(width * width);
  for (std::size_t i = 0; i < width; ++i)
    for (std::size_t j = 0; j < width; ++j)
      matrix[i * width + j] = covariance(moments, i, j) / (scale[i] * scale[j]);
  return matrix;
}

}  // namespace

FittedTransform fit_transform(const Moments& moments, Standardization standardization,
                              std::int64_t components) {
  check(moments, components);
  const std::size_t width = moments.sum.size();
  std::vector<double> mean(width, 0.0), scale(width, 1.0);
  std::vector<std::int64_t> constant_columns;
  for (std::size_t i = 0; i < width; ++i) {
    const double column_mean = moments.shift[i] + moments.sum[i] / static_cast<double>(moments.count);
    const bool constant = is_constant(moments, i, column_mean);
    if (constant) constant_columns.push_back(static_cast<std::int64_t>(i));
    if (standardization == Standardization::per_column || components > 0) mean[i] = column_mean;
    if (standardization == Standardization::per_column && !constant)
      scale[i] = std::sqrt(covariance(moments, i, i));
  }
  if (components == 0)
    return {DataTransform(std::move(mean), std::move(scale)), std::move(constant_columns), {}, 1.0};

  SymmetricEigen eigen = symmetric_eigen(static_cast<std::int64_t>(width), scaled_covariance(moments, scale));
  const auto kept = static_cast<std::size_t>(components);
  double total = 0.0, explained = 0.0;
  for (std::size_t i = 0; i < width; ++i) {
    total += eigen.values[i];
    if (i < kept) explained += eigen.values[i];
  }
  eigen.values.resize(kept);
  eigen.vectors.resize(kept * width);
  return {DataTransform(std::move(mean), std::move(scale), std::move(eigen.vectors)),
          std::move(constant_columns), std::move(eigen.values), total > 0.0 ? explained / total : 1.0};
}

}  // namespace ebmpi::data
