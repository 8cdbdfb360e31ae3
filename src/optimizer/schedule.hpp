// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ebmpi::optimizer {

enum class ScheduleKind { constant, cosine, step };

/// The learning rate as a function of the step number alone.
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double learning_rate = 1e-3;
  std::int64_t steps = 1;         ///< steps in all
  std::int64_t warmup_steps = 0;  ///< linear rise to the full rate, reached at this step
  std::int64_t decay_every = 1;   ///< step schedule
  double decay_factor = 1.0;      ///< step schedule
  double final_fraction = 0.0;    ///< cosine schedule: rate at the last step, as a fraction (Loshchilov and
                                  ///< Hutter 2017, arXiv 1608.03983)

  /// Rate of step `step`, counted from 1.
  double operator()(std::int64_t step) const;
};

}  // namespace ebmpi::optimizer
