// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace ebmpi::evaluation {

// What logarithms of importance weights say of a ratio of partition functions r = Z₁/Z₀. Weights of +0 have
// the logarithm -infinity.

/// An estimate of log r.
struct LogRatio {
  double value = 0.0;
  double standard_error = 0.0;
};

/// The mean of weights whose expectation is r.
struct WeightMean {
  LogRatio log_mean;            ///< log of the mean, its error by the delta method
  double effective_size = 0.0;  ///< (Σw)²/Σw², between 1 and N (Kong 1992); 0 where all weights are 0
};

/// `log_weights` (N), N at least 2.
WeightMean mean_of_weights(std::span<const double> log_weights);

/// log r from both sides at once: Bennett's acceptance ratio, the solution for log r of
///     Σ_i 1/(1 + exp(c - f_i)) = Σ_j 1/(1 + exp(-c - b_j)),  c = log r + log(N/M)
/// where f (N) are log weights of paths from the first distribution to the second and b (M) of paths back
/// (Bennett 1976, doi:10.1016/0021-9991(76)90078-4), which has the largest likelihood of all (Shirts et al.
/// 2003, doi:10.1103/PhysRevLett.91.140601). The error is Bennett's, from the spread of the terms on either
/// side.
LogRatio acceptance_ratio(std::span<const double> forward, std::span<const double> backward);

}  // namespace ebmpi::evaluation
