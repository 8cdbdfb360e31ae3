// SPDX-License-Identifier: Apache-2.0
#include "sampling/tempering.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

namespace ebmpi::sampling {

TemperatureLadder::TemperatureLadder(std::vector<double> temperatures)
    : temperatures_(std::move(temperatures)) {
  const bool rises = std::ranges::adjacent_find(temperatures_, std::greater_equal{}) == temperatures_.end();
  if (temperatures_.empty() || !(temperatures_.front() > 0.0) || !rises)
    throw std::invalid_argument("positive temperatures that rise");
}

TemperatureLadder TemperatureLadder::geometric(double coldest, double hottest, int levels) {
  std::vector<double> temperatures{coldest};
  for (int level = 1; level < levels; ++level)
    temperatures.push_back(coldest * std::pow(hottest / coldest, level / (levels - 1.0)));
  return TemperatureLadder(std::move(temperatures));
}

void TemperatureLadder::exchange(std::uint64_t seed, std::int64_t round, std::int64_t first_group,
                                 std::span<const double> energy, std::span<std::int64_t> level,
                                 std::span<std::int64_t> tried, std::span<std::int64_t> accepted) const {
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::temperature_swap);
  const auto count = static_cast<std::size_t>(levels());
  std::vector<std::size_t> replica_at(count);
  for (std::size_t first = 0; first + count <= level.size(); first += count) {
    const std::uint64_t group = static_cast<std::uint64_t>(first_group) + first / count;
    for (std::size_t k = 0; k < count; ++k)
      replica_at[static_cast<std::size_t>(level[first + k])] = first + k;
    for (std::size_t low = static_cast<std::size_t>(round % 2); low + 1 < count; low += 2) {
      const std::size_t cold = replica_at[low], hot = replica_at[low + 1];
      const double gain =
          (1.0 / temperatures_[low] - 1.0 / temperatures_[low + 1]) * (energy[cold] - energy[hot]);
      ++tried[low];
      if (!exchanges(key, group, static_cast<std::uint32_t>(round), static_cast<std::uint32_t>(low), gain))
        continue;
      ++accepted[low];
      std::swap(level[cold], level[hot]);
      std::swap(replica_at[low], replica_at[low + 1]);
    }
  }
}

}  // namespace ebmpi::sampling
