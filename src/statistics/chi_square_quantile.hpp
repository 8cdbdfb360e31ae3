// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::statistics {

/// The square below which χ² with `degrees` ≥ 1 degrees of freedom falls with the chance `probability`, in
/// (0, 1), to about 1e-12 relative: bisection of the regularised incomplete gamma function, by its series
/// below its argument plus one and its continued fraction above (Abramowitz and Stegun 1964, 6.5.29
/// and 6.5.31). NaN outside.
double chi_square_quantile(double probability, int degrees);

}  // namespace ebmpi::statistics
