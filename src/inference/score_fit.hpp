// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "inference/normal_sums.hpp"

namespace ebmpi::inference {

/// The score of proposals in units of their width: S(x) ≈ E[ξ | x], of a proposal u = u_t + σ ξ, ξ ~ N(0, I),
/// and x simulated at it; so that S / σ is the score that MATH says (README.md). S(x) = Wᵀ f(x) + c.
struct LinearScore {
  std::size_t features = 0;       ///< F
  std::size_t parameters = 0;     ///< d
  std::vector<double> weights;    // (F, d)
  std::vector<double> intercept;  // (d)

  std::vector<double> operator()(std::span<const double> features) const;
};

struct ScoreFit {
  LinearScore score;
  /// E[S Sᵀ] (d, d) over the simulations, in units of the width: between 0 and I, free of the bias that the
  /// fit of F features to n simulations has.
  std::vector<double> information;

  /// Mean of its diagonal: the share of the variance of ξ that the data explain.
  double explained() const;
};

/// Sums over n rows [f_1 … f_F, 1, ξ_1 … ξ_d] of a length F + 1 + d.
struct FitSums {
  SquaredSums sums;
  std::size_t features;
  std::size_t parameters;

  double rows() const { return sums(features, features); }
};

/// Least squares with the ridge λ ≥ 0 on the features' correlation matrix: with R_ab their correlations and
/// r_ag their covariances with ξ in units of their deviations, W = (R + λ I)⁻¹ r; the constant is left free,
/// and features that do not vary get no weight. Rank 0 solves. Collective. Needs n > F + 1 + d.
ScoreFit fit_score(const comm::Communicator& communicator, const FitSums& sums, double ridge);

/// E[2 S·ξ - ‖S‖²] of a score over other rows than it was fitted to: what fitting maximises, d times the
/// share of variance that it explains there.
double held_out_fit(const LinearScore& score, const FitSums& sums);

}  // namespace ebmpi::inference
