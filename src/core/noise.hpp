// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/elementary.hpp"
#include "core/random.hpp"
#include "core/tile.hpp"

namespace ebmpi::core {

/// Standard normal numbers for the tiles of a sampler. Sample b with the global number n_b gets, as its k-th
/// number at `step`, a pure function of (key, n_b, step, k): Philox blocks of four words, two Box–Muller
/// pairs each.
template <class Scalar>
class NormalRows {
public:
  /// Rows of the ring that a consumer of `dimension` numbers a time needs.
  KOKKOS_FORCEINLINE_FUNCTION static constexpr int ring_rows(int dimension) {
    return round_up(dimension + 3, 4);
  }

  /// `ring` (ring_rows(dimension), tile_size) is scratch; `numbers` (tile_size) the samples' global numbers;
  /// `first_block` the Philox block that the numbers start with.
  KOKKOS_FORCEINLINE_FUNCTION NormalRows(PhiloxKey key, std::uint32_t step, const std::int64_t* numbers,
                                         Scalar* ring, int dimension, std::uint32_t first_block = 0)
      : key_(key),
        step_(step),
        numbers_(numbers),
        ring_(ring),
        dimension_(dimension),
        first_block_(first_block),
        block_(first_block) {}

  /// Makes the next `dimension` rows available through `row`.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void advance(const Member& member) {
    if (block_ > first_block_) {
      first_ = wrapped(first_ + dimension_);
      held_ -= dimension_;
    }
    while (held_ < dimension_) {
      fill_block(member, wrapped(first_ + held_));
      held_ += 4;
    }
  }

  /// Row `index` of the current rows, (tile_size).
  KOKKOS_FORCEINLINE_FUNCTION const Scalar* row(int index) const {
    return ring_ + static_cast<std::ptrdiff_t>(wrapped(first_ + index)) * tile_size;
  }

private:
  KOKKOS_FORCEINLINE_FUNCTION int wrapped(int row) const {
    const int rows = ring_rows(dimension_);
    return row < rows ? row : row - rows;
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void fill_block(const Member& member, int row) {
    Scalar* const rows = ring_ + static_cast<std::ptrdiff_t>(row) * tile_size;
    const std::uint32_t block = block_++;
    for_each_lane(member, 1, [&](int, int lane) {
      const PhiloxBlock bits = draw(key_, static_cast<std::uint64_t>(numbers_[lane]), step_, block);
      for (int pair = 0; pair < 2; ++pair) {
        Scalar sine, cosine;
        vector_sincos_turns(uniform<Scalar>(bits.word[2 * pair + 1]), sine, cosine);
        const Scalar radius = Kokkos::sqrt(Scalar(-2) * vector_log(uniform<Scalar>(bits.word[2 * pair])));
        rows[(2 * pair) * tile_size + lane] = radius * cosine;
        rows[(2 * pair + 1) * tile_size + lane] = radius * sine;
      }
    });
  }

  PhiloxKey key_;
  std::uint32_t step_;
  const std::int64_t* numbers_;
  Scalar* ring_;
  int dimension_;
  std::uint32_t first_block_;
  std::uint32_t block_;  // the next Philox block, of four rows
  int first_ = 0;        // where in the ring the current rows start
  int held_ = 0;         // rows in the ring from there on
};

}  // namespace ebmpi::core
