// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/jet_block.hpp"

namespace ebmpi::objective {

/// Which directions an objective of order 1 or 2 looks along: all unit vectors in turn, or random ones with
/// E[vvᵀ] = I, of independent signs (Rademacher) or normal.
enum class Directions { basis, rademacher, gaussian };

namespace detail {

/// Bits of a Philox block: signs for so many coordinates.
inline constexpr int signs_of_block = 128;

/// Direction `k` of the block = unit vector `coordinate`.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void set_basis(const Member& member, const JetBlock<Scalar>& b, int first) {
  core::for_each_lane(member, b.inputs * b.directions, [=](int item, int lane) {
    const int row = item / b.directions, k = item % b.directions;
    b.input_row(row, 1 + k)[lane] = row == first + k ? Scalar(1) : Scalar(0);
  });
}

/// Signs of direction number `number`, from its own Philox blocks.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void set_signs(const Member& member, const JetBlock<Scalar>& b,
                                           core::PhiloxKey key, std::uint32_t step, int k, int number) {
  const int blocks = (b.dimension + signs_of_block - 1) / signs_of_block;
  auto* const words = reinterpret_cast<std::uint32_t*>(b.ring);  // (4, tile_size)
  for (int block = 0; block < blocks; ++block) {
    const auto draw_number = static_cast<std::uint32_t>(number * blocks + block);
    core::for_each_lane(member, 1, [=](int, int lane) {
      const core::PhiloxBlock bits =
          core::draw(key, static_cast<std::uint64_t>(b.numbers[lane]), step, draw_number);
      for (int word = 0; word < 4; ++word) words[word * core::tile_size + lane] = bits.word[word];
    });
    const int first = block * signs_of_block;
    const int rows = b.dimension - first < signs_of_block ? b.dimension - first : signs_of_block;
    core::for_each_lane(member, rows, [=](int row, int lane) {
      const std::uint32_t bit = words[row / 32 * core::tile_size + lane] >> (row % 32) & 1u;
      b.input_row(first + row, 1 + k)[lane] =
          Scalar(2) * static_cast<Scalar>(static_cast<int>(bit)) - Scalar(1);
    });
  }
}

}  // namespace detail

/// Sets the direction streams of `b` to directions first … first + b.directions - 1 of each data row: a pure
/// function of (key, row number, step, direction number).
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void set_directions(const Member& member, const JetBlock<Scalar>& b, Directions kind,
                                        core::PhiloxKey key, std::uint32_t step, int first) {
  if (kind == Directions::basis) return detail::set_basis(member, b, first);
  if (kind == Directions::rademacher) {
    for (int k = 0; k < b.directions; ++k) detail::set_signs(member, b, key, step, k, first + k);
    return;
  }
  for (int k = 0; k < b.directions; ++k) {
    const int blocks = (b.dimension + 3) / 4;
    core::NormalRows<Scalar> normal(key, step, b.numbers, b.ring, b.dimension,
                                    static_cast<std::uint32_t>((first + k) * blocks));
    normal.advance(member);
    for (int row = 0; row < b.dimension; ++row) {
      core::for_each_lane(member, 1,
                          [=, from = normal.row(row), to = b.input_row(row, 1 + k)](int, int lane) {
                            to[lane] = from[lane];
                          });
    }
  }
}

}  // namespace ebmpi::objective
