// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/random.hpp"

namespace ebmpi::core {

/// A pseudo-random permutation of [0, n) that needs no table: a Feistel network on the next even power of
/// two, walked until it lands inside (Black and Rogaway 2002, doi:10.1007/3-540-45760-7_9). At most 4 walks
/// on average.
class Permutation {
public:
  /// `key` and `number` (of an epoch, say) choose the permutation; n >= 1.
  KOKKOS_INLINE_FUNCTION Permutation(PhiloxKey key, std::uint64_t owner, std::uint32_t number,
                                     std::uint64_t n)
      : n_(n) {
    while ((std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
    for (std::uint32_t i = 0; i < 2; ++i) {
      const PhiloxBlock bits = draw(key, owner, number, i);
      for (int j = 0; j < 3; ++j) round_key_[3 * i + j] = bits.word[j];
    }
  }

  KOKKOS_INLINE_FUNCTION std::uint64_t operator()(std::uint64_t position) const {
    do position = encrypt(position);
    while (position >= n_);
    return position;
  }

private:
  KOKKOS_INLINE_FUNCTION std::uint64_t encrypt(std::uint64_t x) const {
    const std::uint32_t mask = static_cast<std::uint32_t>((std::uint64_t{1} << half_bits_) - 1);
    std::uint32_t left = static_cast<std::uint32_t>(x >> half_bits_),
                  right = static_cast<std::uint32_t>(x) & mask;
    for (const std::uint32_t key : round_key_) {
      const std::uint32_t next = left ^ (mix(right ^ key) & mask);
      left = right;
      right = next;
    }
    return (std::uint64_t{left} << half_bits_) | right;
  }

  /// A 32-bit hash with full avalanche (Wellons 2018, "lowbias32").
  KOKKOS_INLINE_FUNCTION static std::uint32_t mix(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
  }

  std::uint64_t n_;
  int half_bits_ = 1;
  std::uint32_t round_key_[6] = {};
};

}  // namespace ebmpi::core
