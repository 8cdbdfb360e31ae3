// SPDX-License-Identifier: Apache-2.0
#include "core/peak.hpp"

#include <Kokkos_Core.hpp>
#include <chrono>

#include "core/tile.hpp"
#include "core/unroll.hpp"

namespace ebmpi::core {
namespace {

/// As many independent sums as fill two multiply-add pipelines with a latency of four cycles, and more,
/// within the registers.
constexpr int chains = 12;
constexpr int rounds = 20000;

/// One launch; returns its floating point operations.
template <class Scalar>
double multiply_adds(const Kokkos::View<Scalar*, MemorySpace>& sink, int teams) {
  using PackType = Pack<Scalar>;
  const int team_size = TileShape<Scalar>::team_size;
  const Kokkos::TeamPolicy<ExecutionSpace> policy(teams, team_size);
  Kokkos::parallel_for(
      "ebmpi::core::peak", policy,
      KOKKOS_LAMBDA(const typename Kokkos::TeamPolicy<ExecutionSpace>::member_type& member) {
        PackType sum[chains];
        for (int i = 0; i < chains; ++i) sum[i] = PackType(static_cast<Scalar>(i + member.team_rank()));
        const PackType factor(Scalar(0.999)), addend(Scalar(0.001));
        for (int round = 0; round < rounds; ++round) {
          EBMPI_UNROLL
          for (int i = 0; i < chains; ++i) sum[i] = multiply_add(sum[i], factor, addend);
        }
        alignas(64) Scalar values[pack_width<Scalar>];
        for (int i = 0; i < chains; ++i) {
          store(sum[i], values);
          if (values[0] == Scalar(-1))
            sink(member.league_rank()) = values[0];  // never, but the compiler cannot know
        }
      });
  Kokkos::fence("ebmpi::core::peak");
  return 2.0 * chains * rounds * pack_width<Scalar> * static_cast<double>(teams) * team_size;
}

}  // namespace

template <class Scalar>
double measured_peak(double seconds) {
  using Clock = std::chrono::steady_clock;
  const int teams = is_host_space<ExecutionSpace> ? ExecutionSpace().concurrency() : 2048;
  const Kokkos::View<Scalar*, MemorySpace> sink("ebmpi::core::peak_sink", teams);
  double best = 0.0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    const double operations = multiply_adds<Scalar>(sink, teams);
    const double rate = operations / std::chrono::duration<double>(Clock::now() - start).count();
    best = rate > best ? rate : best;
  } while (Clock::now() < end);
  return best;
}

template double measured_peak<float>(double);
template double measured_peak<double>(double);

}  // namespace ebmpi::core
