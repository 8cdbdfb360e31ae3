// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "comm/communicator.hpp"
#include "statistics/estimate.hpp"

namespace ebmpi::statistics {

/// Squared kernel Stein discrepancy between a sample x (N, D) and the model with the scores s(x) = ∇log p(x)
/// (N, D), both row-major and whole on every rank: the mean over pairs of
///   u(x,y) = s(x)·s(y) k + s(x)·∇_y k + s(y)·∇_x k + ∇_x·∇_y k
/// with the inverse multiquadric kernel k = (c² + |x-y|²)^-½ (Liu, Lee and Jordan 2016, arXiv 1602.03253;
/// kernel: Gorham and Mackey 2017, arXiv 1703.01717, who show that it misses no sample that drifts from p), c
/// the length: 1, or median_distance(x). Needs no log Z. Unbiased: a sample of the model gives 0 on average,
/// with either sign. The standard error is as in distances.hpp: for a sample of the model its square is twice
/// too large on average. O(N² D), shared among ranks and threads, on whose number no bit depends. NaN where
/// an entry is not finite. Collective. Throws std::invalid_argument on sizes that are not whole rows, at
/// least two, or differ, and where c is not positive.
Estimate kernel_stein_discrepancy(const comm::Communicator& communicator, std::span<const double> x,
                                  std::span<const double> scores, std::int64_t dimension,
                                  double length = 1.0);

}  // namespace ebmpi::statistics
