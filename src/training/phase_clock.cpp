// SPDX-License-Identifier: Apache-2.0
#include "training/phase_clock.hpp"

#include <fmt/format.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <numeric>

namespace ebmpi::training {

using Clock = std::chrono::steady_clock;

const char* name_of(Phase phase) {
  constexpr std::array<const char*, all_phases.size()> names = {
      "input", "chains", "gradient", "reduction", "optimizer", "validation", "figures", "checkpoint"};
  return names[static_cast<std::size_t>(phase)];
}

PhaseClock::Scope::Scope(PhaseClock& clock, Phase phase)
    : clock_(clock), phase_(phase), start_(Clock::now()) {
  Kokkos::Profiling::pushRegion(name_of(phase));
}

/// Kernels of a device run on their own time, so they are waited for.
PhaseClock::Scope::~Scope() {
  Kokkos::fence("ebmpi::training::phase");
  Kokkos::Profiling::popRegion();
  clock_.seconds_[static_cast<std::size_t>(phase_)] +=
      std::chrono::duration<double>(Clock::now() - start_).count();
}

std::string describe(const PhaseClock& clock) {
  const auto longer = [&](Phase a, Phase b) { return clock.seconds(a) > clock.seconds(b); };
  const double total = std::accumulate(all_phases.begin(), all_phases.end(), 0.0,
                                       [&](double sum, Phase phase) { return sum + clock.seconds(phase); });
  auto phases = all_phases;
  std::stable_sort(phases.begin(), phases.end(), longer);
  std::string text = fmt::format("time {:.1f} s", total);
  for (const Phase phase : phases) {
    const double percent = 100.0 * clock.seconds(phase) / total;
    if (!(percent >= 0.5)) break;
    text += fmt::format("{} {} {:.0f} %", phase == phases.front() ? ":" : ",", name_of(phase), percent);
  }
  return text;
}

}  // namespace ebmpi::training
