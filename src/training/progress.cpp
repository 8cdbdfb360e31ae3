// SPDX-License-Identifier: Apache-2.0
#include "training/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace ebmpi::training {

using Clock = std::chrono::steady_clock;

std::string short_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

namespace {

/// Whether a person watches. Open MPI gives its ranks a pseudo-terminal even where its own output goes to a
/// file, so under a launcher it is the launcher's output that counts.
bool writes_to_terminal() {
  if (isatty(STDOUT_FILENO) == 0) return false;
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr && std::getenv("PMIX_RANK") == nullptr) return true;
  std::error_code none;
  const std::string target =
      std::filesystem::read_symlink(fmt::format("/proc/{}/fd/1", getppid()), none).string();
  return target.starts_with("/dev/pts/") || target.starts_with("/dev/tty");
}

std::string in_words(std::string column) {
  std::replace(column.begin(), column.end(), '_', ' ');
  return column;
}

}  // namespace

Progress::Progress(std::int64_t steps, std::int64_t batch_size)
    : steps_(steps),
      batch_size_(batch_size),
      on_terminal_(writes_to_terminal()),
      start_(Clock::now()),
      last_bar_(start_) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

double Progress::samples_per_second(std::int64_t step) const {
  const double elapsed = seconds();
  return elapsed > 0 ? static_cast<double>((step - first_step_) * batch_size_) / elapsed : 0.0;
}

void Progress::tick(std::int64_t step) {
  if (first_step_ < 0) first_step_ = step - 1;
  if (!on_terminal_ || Clock::now() - last_bar_ < std::chrono::milliseconds(200)) return;
  last_bar_ = Clock::now();
  constexpr int width = 30;
  const int filled = static_cast<int>(width * step / steps_);
  fmt::print("\r[{:=>{}}{: >{}}] {}/{}", "", filled, "", width - filled, step, steps_);
  std::fflush(stdout);
  bar_shown_ = true;
}

void Progress::report(const Metrics& m) {
  const double rate = m.samples_per_second;
  const double to_go = rate > 0 ? static_cast<double>((steps_ - m.step) * batch_size_) / rate : 0.0;
  std::string figures = fmt::format("loss {:+.4f}", m.loss.loss);
  for (const auto& [name, value] : m.loss.terms) {
    if (name.starts_with("spread")) continue;  // a line has little room
    figures += fmt::format("  {} {:+.4g}", in_words(name), value);
  }
  if (m.log_z) figures += fmt::format("  log Z {:+.3f}", *m.log_z);
  if (!std::isnan(m.validation_loss)) figures += fmt::format("  validation {:+.4f}", m.validation_loss);
  figures += fmt::format("  gradient {:.3g}", m.gradient_norm);
  if (m.chains) figures += fmt::format("  equipartition {:.2f}", m.chains->equipartition);
  say(fmt::format("step {:>{}}/{}  {}  {:.3g} samples/s  {} to go", m.step, std::to_string(steps_).size(),
                  steps_, figures, rate, short_duration(to_go)));
}

void Progress::say(const std::string& line) {
  erase_bar();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void Progress::erase_bar() {
  if (bar_shown_) fmt::print("\r\033[K");
  bar_shown_ = false;
}

}  // namespace ebmpi::training
