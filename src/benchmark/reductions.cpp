// SPDX-License-Identifier: Apache-2.0
#include "benchmark/reductions.hpp"

#include <algorithm>
#include <chrono>

#include "comm/pending_sums.hpp"

namespace ebmpi::benchmark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t largest_bytes = 16 << 20;

/// The median of the repetitions, each the time of the slowest rank, of the sum that training uses.
double seconds_of_sum(const comm::Communicator& communicator, std::int64_t bytes, double seconds) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(bytes) / sizeof(std::int64_t), 1);
  comm::PendingSums sums(communicator);
  std::vector<double> times;
  double elapsed = 0.0;
  while (elapsed < seconds || times.size() < 5) {
    communicator.barrier();
    const auto start = Clock::now();
    if (communicator.is_on_one_node()) {
      communicator.sum(std::span<std::int64_t>(values));
    } else {
      sums.start(values);
      sums.wait();
    }
    double time = std::chrono::duration<double>(Clock::now() - start).count();
    communicator.max(std::span<double>(&time, 1));
    times.push_back(time);
    elapsed += time;
    std::fill(values.begin(), values.end(), 1);  // so that no sum ever overflows
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

}  // namespace

ReductionCost measure_reductions(const comm::Communicator& communicator, double seconds) {
  ReductionCost cost;
  if (communicator.size() == 1) return cost;
  constexpr double sizes = 8;
  for (std::int64_t bytes = 8; bytes <= largest_bytes; bytes *= 8)
    cost.measured.push_back({bytes, seconds_of_sum(communicator, bytes, seconds / sizes)});
  fit_cost(cost);
  return cost;
}

void fit_cost(ReductionCost& cost) {
  // Minimises Σ ((α + β n)/t - 1)²: normal equations of the columns 1/t and n/t.
  double aa = 0, ab = 0, bb = 0, a = 0, b = 0;
  for (const Reduction& each : cost.measured) {
    const double u = 1.0 / each.seconds, v = static_cast<double>(each.bytes) / each.seconds;
    aa += u * u;
    ab += u * v;
    bb += v * v;
    a += u;
    b += v;
  }
  const double determinant = aa * bb - ab * ab;
  if (!(determinant > 0.0)) return;
  cost.latency = std::max(0.0, (bb * a - ab * b) / determinant);
  cost.seconds_per_byte = std::max(0.0, (aa * b - ab * a) / determinant);
}

}  // namespace ebmpi::benchmark
