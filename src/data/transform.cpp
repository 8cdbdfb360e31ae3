// SPDX-License-Identifier: Apache-2.0
#include "data/transform.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::data {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw core::InputError("the data transformation cannot be used (" + why +
                         "); use a checkpoint or data file that is whole");
}

bool all_finite(const std::vector<double>& numbers) {
  return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
}

}  // namespace

DataTransform::DataTransform(std::vector<double> mean, std::vector<double> scale,
                             std::vector<double> projection)
    : mean_(std::move(mean)),
      scale_(std::move(scale)),
      projection_(std::move(projection)),
      model_dimension_(dimension()) {
  if (mean_.empty() || mean_.size() != scale_.size())
    refuse("mean and scale have different lengths, or none");
  if (projection_.size() % mean_.size() != 0) refuse("the projection does not have one column per dimension");
  if (!all_finite(mean_) || !all_finite(scale_) || !all_finite(projection_))
    refuse("it holds NaN or infinity");
  if (!std::ranges::all_of(scale_, [](double scale) { return scale > 0.0; }))
    refuse("a scale is not positive");
  if (!projection_.empty()) model_dimension_ = static_cast<std::int64_t>(projection_.size() / mean_.size());
  if (model_dimension_ > dimension()) refuse("the projection has more rows than columns");
}

DataTransform DataTransform::identity(std::int64_t dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  return {std::vector<double>(size, 0.0), std::vector<double>(size, 1.0)};
}

void DataTransform::to_model(std::span<const double> x, std::span<double> z) const {
  const std::size_t width = mean_.size(), model_width = static_cast<std::size_t>(model_dimension_);
  std::vector<double> standardised(width);
  for (std::size_t row = 0; row < x.size() / width; ++row) {
    for (std::size_t i = 0; i < width; ++i) standardised[i] = (x[row * width + i] - mean_[i]) / scale_[i];
    const std::span<double> out = z.subspan(row * model_width, model_width);
    if (!has_projection()) std::ranges::copy(standardised, out.begin());
    for (std::size_t k = 0; has_projection() && k < model_width; ++k) {
      double sum = 0.0;
      for (std::size_t i = 0; i < width; ++i) sum += projection_[k * width + i] * standardised[i];
      out[k] = sum;
    }
  }
}

void DataTransform::project_back(std::span<const double> z, std::span<double> out) const {
  if (!has_projection()) {
    std::ranges::copy(z, out.begin());
    return;
  }
  std::ranges::fill(out, 0.0);
  for (std::size_t k = 0; k < z.size(); ++k)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += projection_[k * out.size() + i] * z[k];
}

void DataTransform::to_data(std::span<const double> z, std::span<double> x) const {
  const std::size_t width = mean_.size(), model_width = static_cast<std::size_t>(model_dimension_);
  for (std::size_t row = 0; row < x.size() / width; ++row) {
    const std::span<double> out = x.subspan(row * width, width);
    project_back(z.subspan(row * model_width, model_width), out);
    for (std::size_t i = 0; i < width; ++i) out[i] = mean_[i] + scale_[i] * out[i];
  }
}

void DataTransform::score_to_data(std::span<const double> score_z, std::span<double> score_x) const {
  const std::size_t width = mean_.size(), model_width = static_cast<std::size_t>(model_dimension_);
  for (std::size_t row = 0; row < score_x.size() / width; ++row) {
    const std::span<double> out = score_x.subspan(row * width, width);
    project_back(score_z.subspan(row * model_width, model_width), out);
    for (std::size_t i = 0; i < width; ++i) out[i] /= scale_[i];
  }
}

double DataTransform::log_volume() const {
  if (has_projection())
    throw core::InputError(
        "a density in data units does not exist for this model (it was trained on principal components, "
        "data.pca > 0, "
        "which drop directions); compare energies, or train with data.pca = 0");
  double sum = 0.0;
  for (const double scale : scale_) sum += std::log(scale);
  return sum;
}

}  // namespace ebmpi::data
