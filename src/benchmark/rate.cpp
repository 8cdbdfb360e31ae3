// SPDX-License-Identifier: Apache-2.0
#include "benchmark/rate.hpp"

#include <Kokkos_Core.hpp>
#include <chrono>
#include <span>

namespace ebmpi::benchmark {

double seconds_of(const comm::Communicator& communicator, const std::function<void()>& launch,
                  double seconds) {
  using Clock = std::chrono::steady_clock;
  launch();
  Kokkos::fence("ebmpi::benchmark::warm_up");
  communicator.barrier();
  const auto start = Clock::now();
  double elapsed = 0.0;
  std::int64_t launches = 0;
  while (elapsed < seconds) {
    launch();
    Kokkos::fence("ebmpi::benchmark::launch");
    ++launches;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return elapsed / static_cast<double>(launches);
}

double rate_of(const comm::Communicator& communicator, const std::function<void()>& launch, double items,
               double seconds) {
  return sum_over_ranks(communicator, items / seconds_of(communicator, launch, seconds));
}

double sum_over_ranks(const comm::Communicator& communicator, double value) {
  communicator.sum(std::span<double>(&value, 1));
  return value;
}

}  // namespace ebmpi::benchmark
