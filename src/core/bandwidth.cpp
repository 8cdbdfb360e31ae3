// SPDX-License-Identifier: Apache-2.0
#include "core/bandwidth.hpp"

#include <Kokkos_Core.hpp>
#include <chrono>

#include "core/pack.hpp"

namespace ebmpi::core {

double measured_bandwidth(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t length = std::int64_t{1} << 24;  // 128 MiB each
  const Kokkos::View<double*, MemorySpace> a("ebmpi::core::triad_a", length),
      b("ebmpi::core::triad_b", length), c("ebmpi::core::triad_c", length);
  double best = 0.0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    const Kokkos::RangePolicy<ExecutionSpace> all(0, length);
    Kokkos::parallel_for(
        "ebmpi::core::triad", all, KOKKOS_LAMBDA(std::int64_t i) { a(i) = b(i) + 3.0 * c(i); });
    Kokkos::fence("ebmpi::core::triad");
    const double bytes = 3.0 * sizeof(double) * static_cast<double>(length);
    const double rate = bytes / std::chrono::duration<double>(Clock::now() - start).count();
    best = rate > best ? rate : best;
  } while (Clock::now() < end);
  return best;
}

}  // namespace ebmpi::core
