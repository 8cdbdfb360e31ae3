// SPDX-License-Identifier: Apache-2.0
#include "optimizer/schedule.hpp"

#include <cmath>
#include <numbers>

namespace ebmpi::optimizer {

double Schedule::operator()(std::int64_t step) const {
  if (step <= warmup_steps)
    return learning_rate * static_cast<double>(step) / static_cast<double>(warmup_steps);
  const std::int64_t elapsed = step - warmup_steps - 1;
  switch (kind) {
    case ScheduleKind::constant:
      return learning_rate;
    case ScheduleKind::step:
      return learning_rate * std::pow(decay_factor, static_cast<double>(elapsed / decay_every));
    case ScheduleKind::cosine:
      break;
  }
  const std::int64_t last = steps - warmup_steps - 1;
  const double progress =
      last > 0 ? std::fmin(1.0, static_cast<double>(elapsed) / static_cast<double>(last)) : 1.0;
  return learning_rate *
         (final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace ebmpi::optimizer
