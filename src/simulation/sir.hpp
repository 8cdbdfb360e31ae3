// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/program_simulator.hpp"

namespace ebmpi::simulation {

/// The general stochastic epidemic in a closed population of N (Bailey 1950, doi:10.2307/2332371), exactly
/// (Gillespie 1977, doi:10.1021/j100540a008): S + I → 2I at rate β S I/N, I → R at rate γ I; θ = (β, γ), per
/// day. It ends by itself after at most 2N events. x: the infected share I/N at `times` equally spaced days,
/// the last one `duration`, as in the benchmark of Lueckmann et al. 2021 (arXiv 2101.04653), which has a
/// differential equation and counts in its place; or as a summary (1) the share that was ever infected.
struct Sir {
  std::int64_t population;
  std::int64_t infected;  // at the start
  std::int64_t times;
  double duration;
  Record record;

  int columns() const { return record == Record::summary ? 1 : static_cast<int>(times); }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    const auto size = static_cast<double>(population);
    double ill = static_cast<double>(infected);
    double susceptible = size - ill;
    double day = 0.0;
    std::int64_t recorded = 0;
    while (ill > 0.0) {
      const double infection = theta[0] * susceptible * ill / size;
      const double total = infection + theta[1] * ill;
      day += stream.exponential() / total;
      if (record == Record::standard) {
        record_before(day, ill / size, recorded, x);
        if (recorded == times) return Completion::whole;
      }
      if (stream.uniform() * total < infection) {
        susceptible -= 1.0;
        ill += 1.0;
      } else {
        ill -= 1.0;
      }
    }
    if (record == Record::summary) {
      x[0] = (size - susceptible) / size;
    } else {
      for (; recorded < times; ++recorded) x[recorded] = 0.0;
    }
    return Completion::whole;
  }

  /// Fills what lies before `day`, up to which nothing happens.
  KOKKOS_FUNCTION void record_before(double day, double share, std::int64_t& recorded, double* x) const {
    const double interval = duration / static_cast<double>(times);
    while (recorded < times && day > interval * static_cast<double>(recorded + 1)) x[recorded++] = share;
  }
};

/// See Sir.
std::unique_ptr<Simulator> sir(const Settings& settings);

}  // namespace ebmpi::simulation
