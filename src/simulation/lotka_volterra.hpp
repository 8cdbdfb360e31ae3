// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/program_simulator.hpp"

namespace ebmpi::simulation {

/// Predators X and prey Y (Lotka 1925, Volterra 1926) as a Markov jump process, exactly (Gillespie 1977,
/// doi:10.1021/j100540a008), from X = 50 and Y = 100, as in Papamakarios and Murray 2016 (arXiv 1605.06376):
/// X + Y → 2X + Y at θ_0 X Y, X → ∅ at θ_1 X, Y → 2Y at θ_2 Y, X + Y → X at θ_3 X Y.
///
/// x: (X, Y) at `times` equally spaced times, the last one `duration`; or as a summary the nine numbers of
/// that paper, of the path at 151 equally spaced times from 0 on: the means of X and Y, log(1 + their
/// variances), autocorrelations of X at lags 1 and 2, of Y at lags 1 and 2, and the correlation of X and Y;
/// correlations with what does not vary are 0.
///
/// Prey without predators grows exponentially. After `most_events` events, the state stays what it is until
/// `duration`, and the row counts as truncated.
struct LotkaVolterra {
  std::int64_t times;
  double duration;
  Record record;
  std::int64_t most_events;

  static constexpr std::int64_t summary_times = 151;

  int columns() const { return record == Record::summary ? 9 : static_cast<int>(2 * times); }
  std::int64_t workspace() const { return record == Record::summary ? 2 * summary_times : 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double* workspace,
                                        double* x) const {
    if (record == Record::standard) {
      const double interval = duration / static_cast<double>(times);
      return run(theta, stream, {x, times, interval, interval});
    }
    const double interval = duration / static_cast<double>(summary_times - 1);
    const Completion completion = run(theta, stream, {workspace, summary_times, 0.0, interval});
    summarise(workspace, x);
    return completion;
  }

  /// Where the path goes: (times, 2), at first, first + interval, ….
  struct Path {
    double* states;
    std::int64_t times;
    double first;
    double interval;
  };

  KOKKOS_FUNCTION Completion run(const double* theta, SimulationStream& stream, const Path& path) const {
    double predators = 50.0, prey = 100.0, time = 0.0;
    std::int64_t recorded = 0;
    Completion completion = Completion::whole;
    for (std::int64_t events = 0; recorded < path.times; ++events) {
      const double predator_birth = theta[0] * predators * prey;
      const double predator_death = theta[1] * predators;
      const double prey_birth = theta[2] * prey;
      const double total = predator_birth + predator_death + prey_birth + theta[3] * predators * prey;
      if (events == most_events) completion = Completion::truncated;
      const bool stays = events == most_events || !(total > 0.0);
      time = stays ? Kokkos::Experimental::infinity_v<double> : time + stream.exponential() / total;
      while (recorded < path.times && time > path.first + path.interval * static_cast<double>(recorded)) {
        path.states[2 * recorded] = predators;
        path.states[2 * recorded++ + 1] = prey;
      }
      const double chosen = stream.uniform() * total;
      if (chosen < predator_birth) {
        predators += 1.0;
      } else if (chosen < predator_birth + predator_death) {
        predators -= 1.0;
      } else if (chosen < predator_birth + predator_death + prey_birth) {
        prey += 1.0;
      } else {
        prey -= 1.0;
      }
    }
    return completion;
  }

  /// x (9) of `states` (summary_times, 2), which it standardises in place.
  KOKKOS_FUNCTION static void summarise(double* states, double* x) {
    for (int kind = 0; kind < 2; ++kind) {
      double* const values = states + kind;
      double mean = 0.0, squares = 0.0;
      for (std::int64_t i = 0; i < summary_times; ++i) mean += values[2 * i];
      mean /= summary_times;
      for (std::int64_t i = 0; i < summary_times; ++i) {
        values[2 * i] -= mean;
        squares += values[2 * i] * values[2 * i];
      }
      const double variance = squares / (summary_times - 1);
      const double scale = variance > 0.0 ? 1.0 / Kokkos::sqrt(variance) : 0.0;
      for (std::int64_t i = 0; i < summary_times; ++i) values[2 * i] *= scale;
      x[kind] = mean;
      x[2 + kind] = Kokkos::log(variance + 1.0);
      x[4 + 2 * kind] = mean_product(values, values + 2, summary_times - 1);
      x[5 + 2 * kind] = mean_product(values, values + 4, summary_times - 2);
    }
    x[8] = mean_product(states, states + 1, summary_times);
  }

  /// Σ a_i b_i over `count` states, divided by the degrees of freedom of the whole path.
  KOKKOS_FUNCTION static double mean_product(const double* a, const double* b, std::int64_t count) {
    double sum = 0.0;
    for (std::int64_t i = 0; i < count; ++i) sum += a[2 * i] * b[2 * i];
    return sum / (summary_times - 1);
  }
};

/// See LotkaVolterra.
std::unique_ptr<Simulator> lotka_volterra(const Settings& settings);

}  // namespace ebmpi::simulation
