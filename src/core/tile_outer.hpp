// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/fixed_point.hpp"
#include "core/tile.hpp"
#include "core/tile_blocks.hpp"
#include "core/transpose_square.hpp"
#include "core/unroll.hpp"

namespace ebmpi::core {

/// Where the gradient of one weight matrix (rows, columns) is added.
struct GradientTarget {
  FixedPointAdder adder;
  int worker = 0;
  int slot = 0;
  std::int64_t index = 0;  // position of element (0, 0)
};

/// Columns of a transposed tile: padded so that every row starts on a cache line.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION constexpr int transposed_columns(int features) {
  return round_up(features, TileShape<Scalar>::alignment);
}

/// out (lanes, transposed_columns(features)) = inᵀ with in (features, lanes); the padding is set to zero.
/// Ends with a team barrier.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void transpose_tile(const Member& member, const Scalar* in, int features, Scalar* out,
                                        int lanes) {
  const int columns = transposed_columns<Scalar>(features);
  if constexpr (is_host_space<typename Member::execution_space>) {
    constexpr int width = pack_width < Scalar >> 1 ? pack_width<Scalar> : 4;
    for (int lane = 0; lane < lanes; lane += width) {
      for (int first = 0; first < columns; first += width) {
        transpose_square<width>(in + static_cast<std::ptrdiff_t>(first) * lanes + lane, lanes,
                                features - first, out + static_cast<std::ptrdiff_t>(lane) * columns + first,
                                columns);
      }
    }
  } else {
    for_each(member, columns * lanes, [&](int item) {
      const int feature = item % columns;
      const int lane = item / columns;
      out[item] = feature < features ? in[static_cast<std::ptrdiff_t>(feature) * lanes + lane] : Scalar(0);
    });
  }
}

namespace detail {

/// `Rows` × `Packs` of the sum over lanes of left (row, lane) · right (lane, column), added to the target.
template <int Rows, int Packs, class PackType, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void outer_block(const Scalar* left, const Scalar* right, int right_columns,
                                             int lanes, int columns_here, int columns,
                                             const GradientTarget& target, std::int64_t index) {
  constexpr int width = pack_width<Scalar>;
  PackType sum[Rows][Packs];
  EBMPI_UNROLL
  for (int row = 0; row < Rows; ++row) {
    EBMPI_UNROLL
    for (int pack = 0; pack < Packs; ++pack) sum[row][pack] = PackType(Scalar(0));
  }
  for (int lane = 0; lane < lanes; ++lane) {
    PackType x[Packs];
    EBMPI_UNROLL
    for (int pack = 0; pack < Packs; ++pack) {
      x[pack] = load<PackType>(right + static_cast<std::ptrdiff_t>(lane) * right_columns + pack * width);
    }
    EBMPI_UNROLL
    for (int row = 0; row < Rows; ++row) {
      const PackType w(left[static_cast<std::ptrdiff_t>(row) * lanes + lane]);
      EBMPI_UNROLL
      for (int pack = 0; pack < Packs; ++pack) sum[row][pack] = multiply_add(w, x[pack], sum[row][pack]);
    }
  }
  alignas(64) Scalar values[Packs * width];
  auto peak = magnitude_bits(Scalar(0));
  for (int row = 0; row < Rows; ++row) {
    EBMPI_UNROLL
    for (int pack = 0; pack < Packs; ++pack) store(sum[row][pack], values + pack * width);
    const std::int64_t position = index + static_cast<std::int64_t>(row) * columns;
    if (columns_here == Packs * width) {
      target.adder.add_row(target.worker, target.slot, position, values, Packs * width, peak);
    } else {
      target.adder.add_row(target.worker, target.slot, position, values, columns_here, peak);
    }
  }
  target.adder.template note_peak<Scalar>(target.worker, target.slot, peak);
}

template <int Packs, class PackType, class Scalar, class... Arguments>
KOKKOS_FORCEINLINE_FUNCTION void outer_block_rows(int rows, Arguments... arguments) {
  switch (rows) {
    case 6:
      return outer_block<6, Packs, PackType, Scalar>(arguments...);
    case 5:
      return outer_block<5, Packs, PackType, Scalar>(arguments...);
    case 4:
      return outer_block<4, Packs, PackType, Scalar>(arguments...);
    case 3:
      return outer_block<3, Packs, PackType, Scalar>(arguments...);
    case 2:
      return outer_block<2, Packs, PackType, Scalar>(arguments...);
    default:
      return outer_block<1, Packs, PackType, Scalar>(arguments...);
  }
}

/// Adds the elements of a block on a GPU; its note is the largest of their magnitudes.
template <class Scalar>
struct TargetSink {
  const GradientTarget& target;
  int columns;

  KOKKOS_FORCEINLINE_FUNCTION auto start() const { return magnitude_bits(Scalar(0)); }
  template <class Bits>
  KOKKOS_FORCEINLINE_FUNCTION void add(int row, int column, Scalar value, Bits& peak) const {
    const std::int64_t position = target.index + static_cast<std::int64_t>(row) * columns + column;
    target.adder.add_row(target.worker, target.slot, position, &value, 1, peak);
  }
  template <class Bits>
  KOKKOS_FORCEINLINE_FUNCTION void end(Bits peak) const {
    target.adder.template note_peak<Scalar>(target.worker, target.slot, peak);
  }
};

/// Σ_lane left (rows, lane) ⊗ right (lane, columns) in packs, added to the target.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void outer_in_packs(const Member& member, const Scalar* left, int rows,
                                                const Scalar* right, int columns, int lanes,
                                                const GradientTarget& target) {
  using Shape = TileShapeOn<Scalar, true>;
  using PackType = Pack<Scalar>;
  const int right_columns = transposed_columns<Scalar>(columns);
  constexpr int rows_of_panel = Shape::register_rows;
  constexpr int columns_of_group = Shape::width * Shape::register_packs;
  const int panels = round_up(rows, rows_of_panel) / rows_of_panel;
  const int groups = round_up(columns, columns_of_group) / columns_of_group;
  for_each(member, panels * groups, [&](int item) {
    const int row = item / groups * rows_of_panel;
    const int column = item % groups * columns_of_group;
    const int rows_here = rows - row < rows_of_panel ? rows - row : rows_of_panel;
    const int columns_here = columns - column < columns_of_group ? columns - column : columns_of_group;
    const Scalar* const left_here = left + static_cast<std::ptrdiff_t>(row) * lanes;
    const Scalar* const right_here = right + column;
    const std::int64_t index = target.index + static_cast<std::int64_t>(row) * columns + column;
    // Only as many packs as hold columns are read: the last row of `right` ends with its padding.
    const int packs = round_up(columns_here, Shape::width) / Shape::width;
    const auto add_block = [&](auto count) {
      detail::outer_block_rows<decltype(count)::value, PackType, Scalar>(
          rows_here, left_here, right_here, right_columns, lanes, columns_here, columns, target, index);
    };
    switch (packs) {
      case 4:
        return add_block(std::integral_constant<int, Shape::register_packs>());
      case 3:
        return add_block(
            std::integral_constant<int, (Shape::register_packs > 3 ? 3 : Shape::register_packs)>());
      case 2:
        return add_block(
            std::integral_constant<int, (Shape::register_packs > 2 ? 2 : Shape::register_packs)>());
      default:
        return add_block(std::integral_constant<int, 1>());
    }
  });
}

}  // namespace detail

/// Brings `in` (features, lanes) into the form in which add_outer_product takes its right factor: transposed
/// on a CPU, whose packs are neighbouring columns; as it is on a GPU, but in the faster memory of `out`,
/// which has transposed_columns(features) · lanes numbers. Ends with a team barrier.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void arrange_right_factor(const Member& member, const Scalar* in, int features,
                                                      Scalar* out, int lanes) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    transpose_tile(member, in, features, out, lanes);
  } else {
    for_each(member, features * lanes, [&](int i) { out[i] = in[i]; });
  }
}

/// Adds Σ_lane left (rows, lane) ⊗ right (columns, lane) to the target, one addend for each element. `right`
/// is what arrange_right_factor has made of a tile (columns, lanes). Ends with a team barrier.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void add_outer_product(const Member& member, const Scalar* left, int rows,
                                           const Scalar* right, int columns, int lanes,
                                           const GradientTarget& target) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    detail::outer_in_packs(member, left, rows, right, columns, lanes, target);
  } else {
    detail::outer_in_blocks(member, left, rows, right, columns, lanes,
                            detail::TargetSink<Scalar>{target, columns});
  }
}

/// Adds Σ_lane in (row, lane) over the first `tile_size` lanes of each row to target.index + row.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void add_row_sums(const Member& member, const Scalar* in, int rows, int lanes,
                                      const GradientTarget& target) {
  for_each(member, rows, [&](int row) {
    const Scalar* const from = in + static_cast<std::ptrdiff_t>(row) * lanes;
    if constexpr (!is_host_space<typename Member::execution_space>) {
      return target.adder.add(target.worker, target.slot, target.index + row,
                              detail::sum_of_lanes(from, row, tile_size));
    }
    // Partial sums of a fixed shape: the result must not depend on how wide the machine's packs are grouped.
    constexpr int partials = 16;
    Scalar partial[partials] = {};
    for (int first = 0; first < tile_size; first += partials) {
#pragma omp simd
      for (int i = 0; i < partials; ++i) partial[i] += from[first + i];
    }
    Scalar sum = 0;
    for (int i = 0; i < partials; ++i) sum += partial[i];
    target.adder.add(target.worker, target.slot, target.index + row, sum);
  });
}

#define EBMPI_TILE_OUTER(where, Scalar)                                                            \
  where(void transpose_tile(const TeamMember&, const Scalar*, int, Scalar*, int))                  \
      where(void add_outer_product(const TeamMember&, const Scalar*, int, const Scalar*, int, int, \
                                   const GradientTarget&))                                         \
          where(void add_row_sums(const TeamMember&, const Scalar*, int, int, const GradientTarget&))
EBMPI_TILE_OUTER(EBMPI_TILE_ELSEWHERE, float)
EBMPI_TILE_OUTER(EBMPI_TILE_ELSEWHERE, double)

}  // namespace ebmpi::core
