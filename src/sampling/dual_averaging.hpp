// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

namespace ebmpi::sampling {

/// Finds the step size at which proposals are accepted at a wanted rate: Nesterov's dual averaging on its
/// logarithm, as Hoffman and Gelman 2014 (arXiv 1111.4246, section 3.2) use it, with their constants.
class DualAveraging {
public:
  /// All that a search has found so far.
  struct State {
    double centre = 0.0, logarithm = 0.0, error = 0.0, average = 0.0;
    std::int64_t count = 0;
  };

  /// `start` > 0, where the search begins; `target` in (0, 1), the rate of acceptance.
  DualAveraging(double start, double target)
      : target_(target), state_{std::log(10.0 * start), std::log(start)} {}

  /// Takes in the mean acceptance probability at `step_size`.
  void update(double acceptance) {
    const auto count = static_cast<double>(++state_.count);
    const double share = 1.0 / (count + 10.0);
    state_.error = (1.0 - share) * state_.error + share * (target_ - acceptance);
    state_.logarithm = state_.centre - std::sqrt(count) / 0.05 * state_.error;
    const double weight = std::pow(count, -0.75);
    state_.average = weight * state_.logarithm + (1.0 - weight) * state_.average;
  }

  /// To be tried next.
  double step_size() const { return std::exp(state_.logarithm); }
  /// To be kept.
  double result() const { return std::exp(state_.count > 0 ? state_.average : state_.logarithm); }

  const State& state() const { return state_; }
  /// Goes on from what `state()` was.
  void restore(const State& state) { state_ = state; }

private:
  double target_;
  State state_;
};

}  // namespace ebmpi::sampling
