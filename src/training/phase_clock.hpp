// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace ebmpi::training {

/// What a run spends its time on. `reduction` is the time in which a rank does nothing but reduce; what goes
/// on while it computes does not count. Waiting for slower ranks falls into it.
enum class Phase { input, chains, gradient, reduction, optimizer, validation, figures, checkpoint };

inline constexpr std::array all_phases = {Phase::input,     Phase::chains,    Phase::gradient,
                                          Phase::reduction, Phase::optimizer, Phase::validation,
                                          Phase::figures,   Phase::checkpoint};

const char* name_of(Phase phase);

/// The seconds that this rank spent in each phase. Profilers that know Kokkos see the phases as regions.
class PhaseClock {
public:
  double seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }

  /// From its construction to its end, a phase.
  class Scope {
  public:
    Scope(PhaseClock& clock, Phase phase);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

  private:
    PhaseClock& clock_;
    Phase phase_;
    std::chrono::steady_clock::time_point start_;
  };

private:
  std::array<double, all_phases.size()> seconds_{};
};

/// "time 12.3 s: chains 71 %, gradient 22 %, …", the longest first; phases below half a percent are left out.
std::string describe(const PhaseClock& clock);

}  // namespace ebmpi::training
