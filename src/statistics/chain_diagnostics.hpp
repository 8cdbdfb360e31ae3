// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace ebmpi::statistics {

/// What draws of one quantity by Markov chains say of their mixing and of the mean. Formulae and names are
/// those of Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021, doi:10.1214/20-BA1221; the numbers are
/// those of ArviZ.
struct ChainDiagnostics {
  double mean = 0.0;
  double standard_deviation = 0.0;  ///< over all draws, divisor n - 1
  double r_hat = 0.0;      ///< rank-normalised, of halved chains, the larger of bulk and folded; 1 if mixed
  double ess_bulk = 0.0;   ///< effective sample size of the rank-normalised draws
  double ess_tail = 0.0;   ///< the smaller one of the events below the 5 % and the 95 % quantile
  double ess_mean = 0.0;   ///< of the draws as they are
  double mcse_mean = 0.0;  ///< Monte Carlo standard error of the mean
  double autocorrelation_time = 0.0;  ///< draws that are worth an independent one, chains · draws / ess_mean
};

/// `draws` (chains, draws), row-major, not empty, of chains >= 1. Other sizes throw std::invalid_argument.
///
/// Where a draw is not finite, all figures are NaN; with fewer than 4 draws to a chain, all but mean and
/// standard deviation; with one chain, or where no two draws differ, r_hat. An odd number of draws loses the
/// middle one where chains are halved. Draws that do not differ count as independent.
///
/// O(n log n) for n draws in all, and O(n) more for each lag until the autocorrelation has died out: seconds
/// for 10⁷ draws that mix, but as slow as O(n · draws) for chains that stay apart.
ChainDiagnostics diagnose_chains(std::span<const double> draws, std::int64_t chains);

}  // namespace ebmpi::statistics
