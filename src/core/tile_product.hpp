// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile.hpp"
#include "core/tile_blocks.hpp"
#include "core/unroll.hpp"

namespace ebmpi::core {

/// A matrix (rows, columns) cut into panels of `TileShape::panel_rows` rows, each stored column by column, so
/// that the weights of one step of the product lie side by side. The last panel is padded with zeros. `data`
/// is aligned as device memory is.
template <class Scalar>
struct PanelMatrix {
  const Scalar* data = nullptr;
  int rows = 0;
  int columns = 0;

  template <class Space = ExecutionSpace>
  KOKKOS_FORCEINLINE_FUNCTION static constexpr int size(int rows, int columns) {
    return round_up(rows, TileShape<Scalar, Space>::panel_rows) * columns;
  }
  /// Where element (row, column) is stored.
  template <class Space = ExecutionSpace>
  KOKKOS_FORCEINLINE_FUNCTION static constexpr int position(int row, int column, int columns) {
    constexpr int panel = TileShape<Scalar, Space>::panel_rows;
    return (row / panel * columns + column) * panel + row % panel;
  }
};

namespace detail {

/// `Rows` rows of the product for one group of packs, held in registers over the whole inner loop.
template <int Rows, class Shape, class PackType, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void panel_product(const Scalar* panel, int columns, const Scalar* in,
                                               Scalar* out, int row_stride, int pack_stride) {
  constexpr int packs = Shape::register_packs;
  PackType sum[Rows][packs];
  EBMPI_UNROLL
  for (int row = 0; row < Rows; ++row) {
    EBMPI_UNROLL
    for (int pack = 0; pack < packs; ++pack) sum[row][pack] = PackType(Scalar(0));
  }
  for (int column = 0; column < columns; ++column) {
    const Scalar* const weight = panel + static_cast<std::ptrdiff_t>(column) * Shape::register_rows;
    PackType x[packs];
    EBMPI_UNROLL
    for (int pack = 0; pack < packs; ++pack) {
      x[pack] = load<PackType>(in + static_cast<std::ptrdiff_t>(column) * row_stride + pack * pack_stride);
    }
    EBMPI_UNROLL
    for (int row = 0; row < Rows; ++row) {
      const PackType w(weight[row]);
      EBMPI_UNROLL
      for (int pack = 0; pack < packs; ++pack) sum[row][pack] = multiply_add(w, x[pack], sum[row][pack]);
    }
  }
  EBMPI_UNROLL
  for (int row = 0; row < Rows; ++row) {
    EBMPI_UNROLL
    for (int pack = 0; pack < packs; ++pack) {
      store(sum[row][pack], out + static_cast<std::ptrdiff_t>(row) * row_stride + pack * pack_stride);
    }
  }
}

/// Calls the instantiation for `rows` in [1, 6].
template <class Shape, class PackType, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void panel_product_any(int rows, const Scalar* panel, int columns,
                                                   const Scalar* in, Scalar* out, int row_stride,
                                                   int pack_stride) {
  static_assert(Shape::register_rows == 6);
  switch (rows) {
    case 6:
      return panel_product<6, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
    case 5:
      return panel_product<5, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
    case 4:
      return panel_product<4, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
    case 3:
      return panel_product<3, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
    case 2:
      return panel_product<2, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
    default:
      return panel_product<1, Shape, PackType>(panel, columns, in, out, row_stride, pack_stride);
  }
}

}  // namespace detail

/// out (rows, lanes) = matrix (rows, columns) · in (columns, lanes), feature-major with the sample innermost.
/// `lanes` is a multiple of `tile_size`: a jet is a tile of (streams · tile_size) lanes. Rows of `in` and
/// `out` lie `stride` numbers apart, so that some of the streams can be taken alone. `in` and `out` must not
/// overlap. Ends with a team barrier.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void matrix_times_tile(const Member& member, const PanelMatrix<Scalar>& matrix,
                                           const Scalar* in, Scalar* out, int lanes, int stride) {
  using Space = typename Member::execution_space;
  using Shape = TileShape<Scalar, Space>;
  if constexpr (Shape::on_host) {
    constexpr int rows_of_panel = Shape::register_rows;
    constexpr int lanes_of_group = Shape::width * Shape::register_packs;
    const int groups = lanes / lanes_of_group;
    const int panels = round_up(matrix.rows, rows_of_panel) / rows_of_panel;
    for_each(member, panels * groups, [&](int item) {
      const int panel = item / groups;
      const int first_row = panel * rows_of_panel;
      const int offset = item % groups * lanes_of_group;
      const int rows = matrix.rows - first_row < rows_of_panel ? matrix.rows - first_row : rows_of_panel;
      detail::panel_product_any<Shape, Pack<Scalar, Space>>(
          rows, matrix.data + static_cast<std::ptrdiff_t>(first_row) * matrix.columns, matrix.columns,
          in + offset, out + static_cast<std::ptrdiff_t>(first_row) * stride + offset, stride, Shape::width);
    });
  } else {
    detail::product_in_blocks(member, matrix.data, matrix.rows, matrix.columns, in, out, lanes, stride);
  }
}

template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void matrix_times_tile(const Member& member, const PanelMatrix<Scalar>& matrix,
                                                   const Scalar* in, Scalar* out, int lanes) {
  matrix_times_tile(member, matrix, in, out, lanes, lanes);
}

#define EBMPI_TILE_PRODUCT(where, Scalar)                                                                  \
  where(void matrix_times_tile(const TeamMember&, const PanelMatrix<Scalar>&, const Scalar*, Scalar*, int, \
                               int))
EBMPI_TILE_PRODUCT(EBMPI_TILE_ELSEWHERE, float)
EBMPI_TILE_PRODUCT(EBMPI_TILE_ELSEWHERE, double)

}  // namespace ebmpi::core
