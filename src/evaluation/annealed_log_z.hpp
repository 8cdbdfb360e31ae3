// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include "comm/communicator.hpp"
#include "evaluation/annealed_chains.hpp"
#include "evaluation/annealing_space.hpp"
#include "evaluation/log_weights.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// Annealed importance sampling of a model.
struct AnnealingSettings {
  std::int64_t chains = 1024;        ///< of each direction at most; >= 2
  std::int64_t stages = 1000;        ///< of the path; >= 1
  int leapfrogs = 5;                 ///< of a trajectory, one at each stage
  std::int64_t equilibration = 200;  ///< transitions of the model's samples before they are used
  std::uint64_t seed = 1;
};

/// Where chains of the reverse run start.
enum class ReverseStart {
  none,  ///< there is no reverse run
  rows,  ///< given points of model space
  ends   ///< ends of the forward run, resampled by their weights
};

/// log Z in model space, of exp(-E/T), from both sides.
struct AnnealedLogZ {
  LogRatio estimate;  ///< of both runs together; without a reverse run, of the forward run
  double lower = 0.0;
  double upper = std::numeric_limits<double>::infinity();  ///< without a reverse run unknown
  WeightMean forward;                 ///< its log mean is an estimate of log Z, too low on average
  std::optional<WeightMean> reverse;  ///< its log mean is one of -log Z, too low on average
  std::int64_t forward_chains = 0, reverse_chains = 0;
  AnnealingSchedule schedule;
  double acceptance = 0.0;      ///< of the transitions of equilibration
  std::vector<double> samples;  ///< of the model (M, K), model space: where the reverse run started

  /// By how many standard errors both runs differ; NaN without a reverse run. Far above 3 the reverse run's
  /// samples are not the model's, or the forward run misses a part of it.
  double sides_apart() const;
};

/// Collective; no bit depends on the ranks. Annealed importance sampling (Neal 2001,
/// doi:10.1023/A:1008923215028) from the base of `space` to the model, and back from samples of the model,
/// which bounds log Z from above as the way there does from below (Grosse, Ghahramani and Adams 2015, arXiv
/// 1511.02543; Burda, Grosse and Salakhutdinov 2015, arXiv 1412.8566). The two are one estimate by Bennett's
/// acceptance ratio. The bracket goes from two standard errors below the forward estimate to two above the
/// reverse one, or the other way round where these have crossed, and at least to two standard errors of the
/// estimate. `rows` (M, K) in model space, with ReverseStart::rows; of more than settings.chains evenly
/// spaced ones are taken. Where there is no reverse run, `samples` are the forward run's. Throws
/// core::DivergenceError where energies are not numbers.
template <class Scalar>
AnnealedLogZ annealed_log_z(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                            const std::type_identity_t<AnnealingSpace<Scalar>>& space,
                            const AnnealingSettings& settings, ReverseStart start,
                            const std::vector<double>& rows = {});

}  // namespace ebmpi::evaluation
