// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::statistics {

/// The z below which a standard normal number falls with the chance `probability`, in (0, 1), to about 1e-16
/// relative (Wichura 1988, algorithm AS 241, doi:10.2307/2347330). -∞ at 0, ∞ at 1, NaN outside [0, 1].
double normal_quantile(double probability);

}  // namespace ebmpi::statistics
