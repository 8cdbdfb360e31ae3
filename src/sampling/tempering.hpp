// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.hpp"

namespace ebmpi::sampling {

/// Whether two replicas exchange their temperatures in an exchange: with probability
/// min(1, exp((1/T_cold - 1/T_hot)(E_cold - E_hot))). `gain` is that exponent; the random number is a pure
/// function of (key, number of the ladder, round, lower level).
KOKKOS_INLINE_FUNCTION bool exchanges(core::PhiloxKey key, std::uint64_t ladder, std::uint32_t round,
                                      std::uint32_t low, double gain) {
  const core::PhiloxBlock bits = core::draw(key, ladder, round, low);
  return Kokkos::log(core::uniform<double>(bits.word[0])) < gain;
}

/// Replicas of a system on a ladder of temperatures, which exchange their temperatures (Swendsen and Wang
/// 1986, doi:10.1103/PhysRevLett.57.2607; Geyer 1991). Replicas number group · K … group · K + K - 1 are one
/// ladder of K levels; level 0 is the coldest.
class TemperatureLadder {
public:
  /// `temperatures` (K), rising, at least one, all > 0.
  explicit TemperatureLadder(std::vector<double> temperatures);

  /// K temperatures from `coldest` to `hottest`, each the same factor above the one before.
  static TemperatureLadder geometric(double coldest, double hottest, int levels);

  int levels() const { return static_cast<int>(temperatures_.size()); }
  const std::vector<double>& temperatures() const { return temperatures_; }

  /// Round number `round` of exchanges: even rounds try the levels 0-1, 2-3, …, odd ones 1-2, 3-4, …. A pair
  /// exchanges with probability min(1, exp((1/T_i - 1/T_j)(E_i - E_j))). `level` and `energy` (replicas) of
  /// whole ladders, the first of them with the number `first_group`; the decision for a ladder is a pure
  /// function of (seed, its number, round) and of its energies. Adds to `tried` and `accepted` (K - 1).
  void exchange(std::uint64_t seed, std::int64_t round, std::int64_t first_group,
                std::span<const double> energy, std::span<std::int64_t> level, std::span<std::int64_t> tried,
                std::span<std::int64_t> accepted) const;

private:
  std::vector<double> temperatures_;
};

}  // namespace ebmpi::sampling
