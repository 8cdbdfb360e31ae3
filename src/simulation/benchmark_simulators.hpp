// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/program_simulator.hpp"
#include "simulation/sorted.hpp"

namespace ebmpi::simulation {

/// The two moons of Lueckmann et al. 2021 (arXiv 2101.04653): a point p = (r cos a + 1/4, r sin a) on a
/// crescent, a uniform in (-π/2, π/2), r ~ N(0.1, 0.01²), and x = p + (-|θ_0 + θ_1|, θ_1 - θ_0)/√2. The
/// likelihoods of (θ_0, θ_1) and (-θ_1, -θ_0) are equal.
struct TwoMoons {
  int columns() const { return 2; }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    constexpr double pi = 3.14159265358979323846, root_half = 0.70710678118654752440;
    const double angle = pi * (stream.uniform() - 0.5);
    const double radius = 0.1 + 0.01 * stream.normal();
    x[0] = radius * Kokkos::cos(angle) + 0.25 - root_half * Kokkos::abs(theta[0] + theta[1]);
    x[1] = radius * Kokkos::sin(angle) + root_half * (theta[1] - theta[0]);
    return Completion::whole;
  }
};

/// A queue with one server, M/G/1, as in Papamakarios and Murray 2016 (arXiv 1605.06376) after Fearnhead and
/// Prangle 2012 (doi:10.1111/j.1467-9868.2011.01010.x): service times uniform in (θ_0, θ_0 + θ_1), arrivals
/// at rate θ_2. x: quantiles at 0, 25, 50, 75 and 100 % of the times between departures, the first of which
/// counts from 0, where the queue is empty.
struct Mg1 {
  std::int64_t customers;

  static constexpr int quantiles = 5;

  int columns() const { return quantiles; }
  std::int64_t workspace() const { return customers; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double* workspace,
                                        double* x) const {
    double arrival = 0.0, departure = 0.0;
    for (std::int64_t i = 0; i < customers; ++i) {
      arrival += stream.exponential() / theta[2];
      const double service = theta[0] + theta[1] * stream.uniform();
      workspace[i] = service + Kokkos::fmax(0.0, arrival - departure);
      departure += workspace[i];
    }
    sort_ascending(workspace, customers);
    for (int i = 0; i < quantiles; ++i)
      x[i] = sorted_quantile(workspace, customers, static_cast<double>(i) / (quantiles - 1));
    return Completion::whole;
  }
};

/// The g-and-k distribution, by its quantile function a + b (1 + 0.8 tanh(g z/2)) (1 + z²)^k z at the normal
/// z (Rayner and MacGillivray 2002, doi:10.1023/A:1013120305780); θ = (a, b, g, k). x: the draw, or of
/// several their seven octiles (Drovandi and Pettitt 2011, doi:10.1016/j.csda.2011.03.019).
struct GAndK {
  std::int64_t draws;

  static constexpr int octiles = 7;

  int columns() const { return draws == 1 ? 1 : octiles; }
  std::int64_t workspace() const { return draws; }

  KOKKOS_FUNCTION static double quantile(const double* theta, double z) {
    const double skewed = 1.0 + 0.8 * Kokkos::tanh(0.5 * theta[2] * z);
    return theta[0] + theta[1] * skewed * Kokkos::pow(1.0 + z * z, theta[3]) * z;
  }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double* workspace,
                                        double* x) const {
    for (std::int64_t i = 0; i < draws; ++i) workspace[i] = quantile(theta, stream.normal());
    if (draws == 1) {
      x[0] = workspace[0];
      return Completion::whole;
    }
    sort_ascending(workspace, draws);
    for (int i = 0; i < octiles; ++i) x[i] = sorted_quantile(workspace, draws, (i + 1) / (octiles + 1.0));
    return Completion::whole;
  }
};

/// See the programs above.
std::unique_ptr<Simulator> two_moons();
std::unique_ptr<Simulator> mg1(std::int64_t customers);
std::unique_ptr<Simulator> g_and_k(std::int64_t draws);

}  // namespace ebmpi::simulation
