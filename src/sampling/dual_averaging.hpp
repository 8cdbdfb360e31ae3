// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

namespace ebmpi::sampling {

/// Finds the step size at which proposals are accepted at a wanted rate: Nesterov's dual averaging on its
/// logarithm, as Hoffman and Gelman 2014 (arXiv 1111.4246, section 3.2) use it, with their constants.
class DualAveraging {
public:
  /// `start` > 0, where the search begins; `target` in (0, 1), the rate of acceptance.
  DualAveraging(double start, double target)
      : target_(target), centre_(std::log(10.0 * start)), logarithm_(std::log(start)) {}

  /// Takes in the mean acceptance probability at `step_size`.
  void update(double acceptance) {
    ++count_;
    const auto count = static_cast<double>(count_);
    const double share = 1.0 / (count + 10.0);
    error_ = (1.0 - share) * error_ + share * (target_ - acceptance);
    logarithm_ = centre_ - std::sqrt(count) / 0.05 * error_;
    const double weight = std::pow(count, -0.75);
    average_ = weight * logarithm_ + (1.0 - weight) * average_;
  }

  /// To be tried next.
  double step_size() const { return std::exp(logarithm_); }
  /// To be kept.
  double result() const { return std::exp(count_ > 0 ? average_ : logarithm_); }

private:
  double target_, centre_, logarithm_;
  double error_ = 0.0, average_ = 0.0;
  std::int64_t count_ = 0;
};

}  // namespace ebmpi::sampling
