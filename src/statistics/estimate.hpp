// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace ebmpi::statistics {

/// A number measured on a sample and its standard error.
struct Estimate {
  double value;
  double standard_error;
};

/// Mean and its standard error, from the spread of independent values; added in order. The error of a single
/// value is NaN. Throws std::invalid_argument where there are none.
Estimate mean_of(std::span<const double> values);

/// NaN twice: what there is to say of a sample in which an entry is not finite.
Estimate undefined_estimate();

/// Whether no entry is infinite or NaN.
bool all_finite(std::span<const double> values);

}  // namespace ebmpi::statistics
