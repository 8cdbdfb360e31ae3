// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "data/transform.hpp"

namespace ebmpi::data {

/// Sums over all training rows about a `shift` near the data (any row will do), which keeps the variance from
/// cancelling.
struct Moments {
  std::int64_t count = 0;
  std::vector<double> shift;  ///< (D)
  std::vector<double> sum;    ///< (D), Σ (x - shift)
  std::vector<double>
      product_sum;  ///< Σ (x - shift)(x - shift)ᵀ: (D, D) row-major, upper triangle read; or its diagonal (D)
};

enum class Standardization { none, per_column };

struct FittedTransform {
  DataTransform transform;
  std::vector<std::int64_t> constant_columns;  ///< columns without variation; their scale is 1
  std::vector<double> component_variances;     ///< (K) with principal components, largest first; else empty
  double explained_fraction = 1.0;             ///< share of the variance that the K components keep
};

/// The transformation of a data set: mean and standard deviation (population convention, divisor n) of each
/// column with Standardization::per_column, else mean 0 and scale 1; with `components` K > 0 also the
/// projection to the K directions of largest variance of the (standardised) columns, in which case the mean
/// is always subtracted. Throws core::InputError for no rows, sums that are not finite, more components than
/// columns, or components without the full product_sum.
FittedTransform fit_transform(const Moments& moments, Standardization standardization,
                              std::int64_t components);

}  // namespace ebmpi::data
