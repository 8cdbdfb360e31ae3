// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "evaluation/annealed_chains.hpp"

namespace ebmpi::evaluation {

/// How a pilot run finds a path.
struct PilotSettings {
  double target_acceptance = 0.8;  ///< Beskos et al. 2013, arXiv 1001.4460
  /// Share of the chains that a pilot's stage leaves effective: the conditional effective sample size of
  /// Zhou, Johansen and Aston 2016 (arXiv 1303.3123).
  double stage_size = 0.95;
  std::int64_t most_stages = 400;  ///< of the pilot
};

/// Chains of a pilot: enough for a mean acceptance to 0.01.
inline constexpr std::int64_t pilot_chains = 256;

/// The path on which each of `stages` stages asks as much of the chains as any other, with step sizes at
/// which proposals are accepted at the target rate. `chains` go along it as they find it, from the base: β
/// rises so far that the conditional effective sample size falls to the settings' share; chains are resampled
/// where the effective size of their weights falls below half (Del Moral, Doucet and Jasra 2006,
/// doi:10.1111/j.1467-9868.2006.00553.x); a few transitions follow, which tune the step. In between, β and
/// the logarithm of the step are linear in the number of the pilot's stage. Uses steps of the random streams
/// from 0 up. Collective. Throws core::DivergenceError where energies are not numbers.
template <class Scalar>
AnnealingSchedule find_schedule(AnnealedChains<Scalar>& chains, std::int64_t stages, std::uint64_t seed,
                                const PilotSettings& settings = {});

/// `count` numbers of rows, each drawn as often as its weight says, up to rounding (systematic resampling:
/// Kitagawa 1996, doi:10.2307/1390750). `log_weights` (N), not all -infinity.
std::vector<std::size_t> resample(std::span<const double> log_weights, std::int64_t count,
                                  core::PhiloxKey key, std::uint32_t step);

/// Of the rows (N, K), those with the given numbers.
std::vector<double> pick_rows(std::span<const double> rows, std::int64_t dimension,
                              const std::vector<std::size_t>& numbers);

}  // namespace ebmpi::evaluation
