// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

namespace ebmpi::training {

/// Lets SIGUSR1, SIGTERM and SIGINT ask for an early stop instead of ending the process. To be called before
/// MPI starts, since a batch system may send its warning at any moment; a second SIGINT or SIGTERM has no
/// further effect.
void install_stop_signals();

/// Whether this process was asked to stop by a signal.
bool stop_signal_seen();

/// Why a rank wants to stop; ranks agree on the largest. With `no_data` a step fails, on every rank.
enum class StopReason : int { none = 0, time_limit = 1, signal = 2, no_data = 3 };

/// Looks at the signals and at the clock. The limit counts from the start of the program, and a fraction of
/// it is left for the last checkpoint (0.99 of the limit, as GROMACS does, but at least twice the longest
/// checkpoint seen).
class StopWatch {
public:
  explicit StopWatch(std::optional<double> limit_seconds);

  StopReason reason() const;
  /// Tells how long a checkpoint took.
  void note_checkpoint(double seconds);

private:
  std::chrono::steady_clock::time_point start_;
  std::optional<double> limit_;
  double longest_checkpoint_ = 0.0;
};

}  // namespace ebmpi::training
