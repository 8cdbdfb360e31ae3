// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "training/metrics.hpp"

namespace ebmpi::training {

/// Tells a person how a run goes: a plain line for each line of metrics, and on a terminal a bar in between.
/// Rank 0 only.
class Progress {
public:
  Progress(std::int64_t steps, std::int64_t batch_size);

  /// After every step; moves the bar.
  void tick(std::int64_t step);
  /// After every log_every steps. `samples_per_second` and the time to go are measured from here.
  void report(const Metrics& metrics);
  /// A line of its own that does not tear the bar.
  void say(const std::string& line);

  /// Makes room for a line on stderr.
  void erase_bar();

  /// Since it was made.
  double seconds() const;
  double samples_per_second(std::int64_t step) const;

private:
  std::int64_t steps_;
  std::int64_t batch_size_;
  std::int64_t first_step_ = -1;
  bool on_terminal_;
  bool bar_shown_ = false;
  std::chrono::steady_clock::time_point start_, last_bar_;
};

/// "1h02m", "3m20s", "12s".
std::string short_duration(double seconds);

}  // namespace ebmpi::training
