// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "comm/communicator.hpp"
#include "statistics/estimate.hpp"

namespace ebmpi::statistics {

// Distances between two samples from the pairs of their rows. Every rank holds all rows, row-major, of both:
// x (N, D) and y (M, D), N and M at least 2, so at most a few thousand: the work is O((N + M)² D), shared
// among ranks and threads, on whose number no bit depends. A sample with an entry that is not finite gives
// NaN. Sizes that are not whole rows throw std::invalid_argument.
//
// The estimates are unbiased, so those of equal distributions are as often below 0 as above, roughly. Their
// errors are those of the Hoeffding projection, 4 Var(a)/N + 4 Var(b)/M with a_i the mean over the pairs that
// have x_i (Serfling 1980, doi:10.1002/9780470316481, chapter 5). Of equal distributions the projection
// vanishes; what is left of it is noise, of twice the true variance on average, so that the errors are too
// large, not too small.

/// Median of |x_i - x_j| over the pairs of the first 1000 rows, the lower of the two middle ones: a length
/// for a kernel. Throws core::InputError where it is 0.
double median_distance(std::span<const double> x, std::int64_t dimension);
/// The same of the first 1000 rows of either sample, taken together.
double median_distance(std::span<const double> x, std::span<const double> y, std::int64_t dimension);

/// Squared maximum mean discrepancy E k(x,x') + E k(y,y') - 2 E k(x,y) with k = exp(-|x-y|²/(2h²)), h the
/// bandwidth (Gretton et al. 2012, JMLR 13:723, eq. 3). Collective. Throws std::invalid_argument where h is
/// not positive.
Estimate maximum_mean_discrepancy(const comm::Communicator& communicator, std::span<const double> x,
                                  std::span<const double> y, std::int64_t dimension, double bandwidth);

/// Energy distance 2 E|x-y| - E|x-x'| - E|y-y'| (Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018).
/// Collective.
Estimate energy_distance(const comm::Communicator& communicator, std::span<const double> x,
                         std::span<const double> y, std::int64_t dimension);

}  // namespace ebmpi::statistics
