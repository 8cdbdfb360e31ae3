// SPDX-License-Identifier: Apache-2.0
#include "comm/exact_sum.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

namespace ebmpi::comm {

namespace {

void check_sizes(const ShardMap& shards, std::size_t length,
                 const std::vector<std::vector<double>>& partials) {
  if (static_cast<std::int64_t>(partials.size()) != shards.owned().size()) {
    throw std::invalid_argument("sum_over_shards got " + std::to_string(partials.size()) + " partials of " +
                                std::to_string(shards.owned().size()) + " owned shards");
  }
  for (const auto& partial : partials) {
    if (partial.size() != length)
      throw std::invalid_argument("sum_over_shards got partials of unequal lengths");
  }
}

/// Largest magnitude over all shards, NaN where one is not finite.
std::vector<double> largest_magnitudes(const Communicator& communicator, std::size_t length,
                                       const std::vector<std::vector<double>>& partials) {
  std::vector<double> largest(length, 0.0);
  for (const auto& partial : partials) {
    for (std::size_t i = 0; i < length; ++i) {
      const double magnitude = std::abs(partial[i]);
      if (!(magnitude <= largest[i])) largest[i] = magnitude;
      if (!std::isfinite(magnitude)) largest[i] = std::numeric_limits<double>::infinity();
    }
  }
  communicator.max(std::span<double>(largest));
  return largest;
}

/// Position of the cuts: the coarse part counts in units of 2^-coarse, the fine part in units of 2^-(coarse +
/// fine).
struct Scale {
  int coarse = 0;
  int fine = 0;
};

/// For |x| <= largest: 2^headroom sums of coarse parts stay within 2^52, where double is exact, of fine parts
/// within 2^61.
Scale scale_for(double largest, int headroom) {
  int exponent = 0;
  std::frexp(largest, &exponent);
  return {52 - exponent - headroom, 62 - headroom};
}

}  // namespace

std::vector<double> sum_over_shards(const Communicator& communicator, const ShardMap& shards,
                                    std::size_t length, const std::vector<std::vector<double>>& partials) {
  check_sizes(shards, length, partials);
  const int headroom = std::bit_width(static_cast<std::uint64_t>(shards.shards()));
  const std::vector<double> largest = largest_magnitudes(communicator, length, partials);

  std::vector<std::int64_t> sums(2 * length, 0);  // coarse parts, then fine parts
  for (const auto& partial : partials) {
    for (std::size_t i = 0; i < length; ++i) {
      if (!std::isfinite(largest[i]) || largest[i] == 0.0) continue;
      const Scale scale = scale_for(largest[i], headroom);
      const double scaled = std::ldexp(partial[i], scale.coarse);
      const double coarse = std::nearbyint(scaled);
      sums[i] += static_cast<std::int64_t>(coarse);
      sums[length + i] += std::llrint(std::ldexp(scaled - coarse, scale.fine));
    }
  }
  communicator.sum(std::span<std::int64_t>(sums));

  std::vector<double> result(length, 0.0);
  for (std::size_t i = 0; i < length; ++i) {
    if (!std::isfinite(largest[i])) {
      result[i] = std::numeric_limits<double>::quiet_NaN();
    } else if (largest[i] != 0.0) {
      const Scale scale = scale_for(largest[i], headroom);
      const double in_coarse_units =
          static_cast<double>(sums[i]) + std::ldexp(static_cast<double>(sums[length + i]), -scale.fine);
      result[i] = std::ldexp(in_coarse_units, -scale.coarse);
    }
  }
  return result;
}

}  // namespace ebmpi::comm
