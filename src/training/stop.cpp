// SPDX-License-Identifier: Apache-2.0
#include "training/stop.hpp"

#include <algorithm>
#include <csignal>

namespace ebmpi::training {
namespace {

volatile std::sig_atomic_t stop_requested = 0;
const auto program_start = std::chrono::steady_clock::now();

void request_stop(int) {
  stop_requested = 1;
}

}  // namespace

void install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGUSR1, SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
}

bool stop_signal_seen() {
  return stop_requested != 0;
}

StopWatch::StopWatch(std::optional<double> limit_seconds) : start_(program_start), limit_(limit_seconds) {}

StopReason StopWatch::reason() const {
  if (stop_signal_seen()) return StopReason::signal;
  if (!limit_) return StopReason::none;
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double reserve = std::max(0.01 * *limit_, 2.0 * longest_checkpoint_);
  return elapsed >= *limit_ - reserve ? StopReason::time_limit : StopReason::none;
}

void StopWatch::note_checkpoint(double seconds) {
  longest_checkpoint_ = std::max(longest_checkpoint_, seconds);
}

}  // namespace ebmpi::training
