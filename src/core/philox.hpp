// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Macros.hpp>
#include <cstdint>

#include "core/unroll.hpp"

namespace ebmpi::core {

/// Four 32-bit words, the counter or the output of one Philox call.
struct PhiloxBlock {
  std::uint32_t word[4];
};

/// The key of one stream of random numbers.
struct PhiloxKey {
  std::uint32_t word[2];
};

/// Philox4x32-10: a bijection of the 128-bit counter for each 64-bit key, so that every draw is a pure
/// function of (key, counter) and no generator state exists. Salmon, Moraes, Dror, Shaw 2011,
/// doi:10.1145/2063384.2063405.
KOKKOS_FORCEINLINE_FUNCTION PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) {
  std::uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  std::uint32_t k0 = key.word[0], k1 = key.word[1];
  EBMPI_UNROLL
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(product1);
    c3 = static_cast<std::uint32_t>(product0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace ebmpi::core
