// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>

#include "core/tile.hpp"
#include "core/unroll.hpp"

// How the threads of a GPU share the products of tiles. Each thread holds a block of sums in registers, and
// reads both factors in pieces of 16 bytes. Everything here is plain C++ on the numbers of one thread, so
// that a CPU can run and test it.

namespace ebmpi::core::detail {

/// What one load brings.
template <class Scalar>
inline constexpr int numbers_of_load = 16 / static_cast<int>(sizeof(Scalar));

template <class Scalar, int count>
struct alignas(count * sizeof(Scalar)) Piece {
  Scalar number[count];
};

/// Count numbers in pieces that start `apart` numbers from each other.
template <int Count, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void fetch(const Scalar* from, int apart, Scalar (&to)[Count]) {
  constexpr int length = Count < numbers_of_load<Scalar> ? Count : numbers_of_load<Scalar>;
  EBMPI_UNROLL
  for (int piece = 0; piece < Count / length; ++piece) {
    const auto numbers = *reinterpret_cast<const Piece<Scalar, length>*>(from + piece * apart);
    EBMPI_UNROLL
    for (int i = 0; i < length; ++i) to[piece * length + i] = numbers.number[i];
  }
}

template <int Count, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void put(const Scalar (&from)[Count], Scalar* to, int apart) {
  constexpr int length = Count < numbers_of_load<Scalar> ? Count : numbers_of_load<Scalar>;
  EBMPI_UNROLL
  for (int piece = 0; piece < Count / length; ++piece) {
    Piece<Scalar, length> numbers;
    EBMPI_UNROLL
    for (int i = 0; i < length; ++i) numbers.number[i] = from[piece * length + i];
    *reinterpret_cast<Piece<Scalar, length>*>(to + piece * apart) = numbers;
  }
}

/// One thread's part in a product: which of the factors it reads, and how they lie.
template <class Scalar>
struct ProductPart {
  const Scalar* weights;  // first row of the block, in its panel
  const Scalar* in;       // first lane of the block
  Scalar* out;            // the same place in the result
  int columns;
  int rows;    // of the result, from the block's first on
  int stride;  // between rows of `in` and of `out`
  int apart;   // between the pieces of a block's lanes
};

/// Depth columns of both factors.
template <int Rows, int Lanes, int Depth, class Scalar>
struct ProductStep {
  Scalar w[Depth][Rows];
  Scalar x[Depth][Lanes];

  KOKKOS_FORCEINLINE_FUNCTION void fetch_from(const ProductPart<Scalar>& part, int column) {
    constexpr int panel_rows = TileShapeOn<Scalar, false>::panel_rows;
    EBMPI_UNROLL
    for (int k = 0; k < Depth; ++k) {
      fetch(part.weights + static_cast<std::ptrdiff_t>(column + k) * panel_rows, numbers_of_load<Scalar>,
            w[k]);
      fetch(part.in + static_cast<std::ptrdiff_t>(column + k) * part.stride, part.apart, x[k]);
    }
  }
  KOKKOS_FORCEINLINE_FUNCTION void add_to(Scalar (&sum)[Rows][Lanes]) const {
    EBMPI_UNROLL
    for (int k = 0; k < Depth; ++k) {
      EBMPI_UNROLL
      for (int row = 0; row < Rows; ++row) {
        EBMPI_UNROLL
        for (int lane = 0; lane < Lanes; ++lane)
          sum[row][lane] = Kokkos::fma(w[k][row], x[k][lane], sum[row][lane]);
      }
    }
  }
};

/// Rows × Lanes of the product. The next columns are on their way while the present ones are multiplied,
/// since the weights come from the second-level cache; the fewer sums there are, the more columns it takes to
/// wait for that. A double fills two registers.
template <int Rows, int Lanes, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void product_block(const ProductPart<Scalar>& part) {
  constexpr int depth = (Rows * Lanes >= 16 ? 4 : Rows * Lanes >= 4 ? 8 : 16) * numbers_of_load<Scalar> / 4;
  Scalar sum[Rows][Lanes];
  EBMPI_UNROLL
  for (int row = 0; row < Rows; ++row) {
    EBMPI_UNROLL
    for (int lane = 0; lane < Lanes; ++lane) sum[row][lane] = 0;
  }
  const int whole = part.columns / (2 * depth) * (2 * depth);
  if (whole > 0) {
    // Two sets of registers that take turns: a copy from one to the other would cost a fifth of the time.
    ProductStep<Rows, Lanes, depth, Scalar> even, odd;
    even.fetch_from(part, 0);
    for (int column = 0; column < whole; column += 2 * depth) {
      odd.fetch_from(part, column + depth);
      even.add_to(sum);
      if (column + 2 * depth < whole) even.fetch_from(part, column + 2 * depth);
      odd.add_to(sum);
    }
  }
  for (int column = whole; column < part.columns; ++column) {
    ProductStep<Rows, Lanes, 1, Scalar> last;
    last.fetch_from(part, column);
    last.add_to(sum);
  }
  EBMPI_UNROLL
  for (int row = 0; row < Rows; ++row) {
    if (row < part.rows) put(sum[row], part.out + static_cast<std::ptrdiff_t>(row) * part.stride, part.apart);
  }
}

/// The whole product in blocks of Rows × Lanes: neighbouring threads take neighbouring lanes, then rows of
/// the same panel.
template <int Rows, int Lanes, class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void share_product(const Member& member, const Scalar* panels, int rows,
                                               int columns, const Scalar* in, Scalar* out, int lanes,
                                               int stride) {
  constexpr int panel_rows = TileShapeOn<Scalar, false>::panel_rows;
  constexpr int length = Lanes < numbers_of_load<Scalar> ? Lanes : numbers_of_load<Scalar>;
  static_assert(panel_rows % Rows == 0);
  const int groups = lanes / Lanes;
  const int bands = (rows + Rows - 1) / Rows;
  for_each(member, bands * groups, [&](int item) {
    const int row = item / groups * Rows, lane = item % groups * length;
    const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(row / panel_rows) * panel_rows * columns;
    product_block<Rows, Lanes>(ProductPart<Scalar>{panels + panel + row % panel_rows, in + lane,
                                                   out + static_cast<std::ptrdiff_t>(row) * stride + lane,
                                                   columns, rows - row, stride, groups * length});
  });
}

/// out (rows, lanes) = matrix in panels · in (columns, lanes), in the largest blocks of which every thread
/// gets one: a large block reads less for each sum.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void product_in_blocks(const Member& member, const Scalar* panels, int rows,
                                                   int columns, const Scalar* in, Scalar* out, int lanes,
                                                   int stride) {
  using Shape = TileShapeOn<Scalar, false>;
  constexpr int side = Shape::register_rows;
  constexpr int narrow = 2;
  const auto enough = [=](int block_rows) {
    return (rows + block_rows - 1) / block_rows * (lanes / side) >= Shape::team_size;
  };
  if (enough(side)) return share_product<side, side>(member, panels, rows, columns, in, out, lanes, stride);
  if (enough(side / 2))
    return share_product<side / 2, side>(member, panels, rows, columns, in, out, lanes, stride);
  if (side > 4 && enough(side / 4))
    return share_product<side / 4, side>(member, panels, rows, columns, in, out, lanes, stride);
  if (enough(1)) return share_product<1, side>(member, panels, rows, columns, in, out, lanes, stride);
  share_product<1, narrow>(member, panels, rows, columns, in, out, lanes, stride);
}

/// One thread's part in an outer product: rows of both factors, each of `lanes` numbers, that are multiplied
/// and added up over the lanes.
template <class Scalar>
struct OuterPart {
  const Scalar* left;   // (rows, lanes)
  const Scalar* right;  // (columns, lanes)
  int rows, columns, lanes;
  int first_row, first_column;
};

/// Threads whose columns alternate: their loads are in different banks of shared memory, and their sums, for
/// one row, in neighbouring places.
inline constexpr int column_threads = 8;

/// Rows × Columns sums over the lanes. Rows are neighbours, columns `column_threads` apart. Rows and columns
/// that are not there repeat the last one. Threads start at different lanes, or all would read the same bank:
/// the order of the addends depends on the column, never on the decomposition.
template <int Rows, int Columns, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void outer_sums(const OuterPart<Scalar>& part, Scalar (&sum)[Rows][Columns]) {
  constexpr int length = numbers_of_load<Scalar>;
  std::int32_t left[Rows], right[Columns];  // where the rows start; short, since there are many of them
  EBMPI_UNROLL
  for (int i = 0; i < Rows; ++i) {
    left[i] = (part.first_row + i < part.rows ? part.first_row + i : part.rows - 1) * part.lanes;
    EBMPI_UNROLL
    for (int j = 0; j < Columns; ++j) sum[i][j] = 0;
  }
  EBMPI_UNROLL
  for (int j = 0; j < Columns; ++j) {
    const int column = part.first_column + j * column_threads;
    right[j] = (column < part.columns ? column : part.columns - 1) * part.lanes;
  }
  const int start = part.first_column % column_threads * length;
  const Scalar* left_here = part.left + start;
  const Scalar* right_here = part.right + start;
  for (int step = 0; step < part.lanes; step += length) {
    Scalar y[Columns][length];
    EBMPI_UNROLL
    for (int j = 0; j < Columns; ++j) fetch(right_here + right[j], length, y[j]);
    EBMPI_UNROLL
    for (int i = 0; i < Rows; ++i) {
      Scalar x[length];
      fetch(left_here + left[i], length, x);
      EBMPI_UNROLL
      for (int k = 0; k < length; ++k) {
        EBMPI_UNROLL
        for (int j = 0; j < Columns; ++j) sum[i][j] = Kokkos::fma(x[k], y[j][k], sum[i][j]);
      }
    }
    const int next = step + length == part.lanes - start ? length - part.lanes : length;
    left_here += next;
    right_here += next;
  }
}

/// Gives every element of left (rows, lanes) · rightᵀ, with right (columns, lanes), to a sink: each thread
/// starts a `note` with sink.start(), calls sink.add(row, column, value, note) for the elements of its block,
/// and ends with sink.end(note).
template <int Rows, int Columns, class Member, class Scalar, class Sink>
KOKKOS_FORCEINLINE_FUNCTION void share_outer(const Member& member, const Scalar* left, int rows,
                                             const Scalar* right, int columns, int lanes, const Sink& sink) {
  const int bands = (rows + Rows - 1) / Rows;
  const int strips = (columns + Columns * column_threads - 1) / (Columns * column_threads);
  for_each(member, bands * strips * column_threads, [&](int item) {
    const int strip = item / column_threads / bands, band = item / column_threads % bands;
    const OuterPart<Scalar> part{left,
                                 right,
                                 rows,
                                 columns,
                                 lanes,
                                 band * Rows,
                                 strip * Columns * column_threads + item % column_threads};
    Scalar sum[Rows][Columns];
    outer_sums(part, sum);
    auto note = sink.start();
    EBMPI_UNROLL
    for (int i = 0; i < Rows; ++i) {
      EBMPI_UNROLL
      for (int j = 0; j < Columns; ++j) {
        const int row = part.first_row + i, column = part.first_column + j * column_threads;
        if (row < rows && column < columns) sink.add(row, column, sum[i][j], note);
      }
    }
    sink.end(note);
  });
}

/// The same in square blocks, or in lines where one factor has only a few rows.
template <class Member, class Scalar, class Sink>
KOKKOS_FORCEINLINE_FUNCTION void outer_in_blocks(const Member& member, const Scalar* left, int rows,
                                                 const Scalar* right, int columns, int lanes,
                                                 const Sink& sink) {
  constexpr int side = TileShapeOn<Scalar, false>::register_rows;
  if (rows > 1 && columns > column_threads)
    return share_outer<side, side>(member, left, rows, right, columns, lanes, sink);
  if (rows > 1) return share_outer<side, 1>(member, left, rows, right, columns, lanes, sink);
  share_outer<1, side>(member, left, rows, right, columns, lanes, sink);
}

/// Σ of `lanes` numbers, which need not be those that a CPU would add first: as in outer_sums, neighbouring
/// rows start at different lanes.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION Scalar sum_of_lanes(const Scalar* from, int row, int lanes) {
  constexpr int length = numbers_of_load<Scalar>;
  Scalar partial[length] = {};
  int lane = row % column_threads * length;
  for (int step = 0; step < lanes; step += length) {
    Scalar x[length];
    fetch(from + lane, length, x);
    EBMPI_UNROLL
    for (int k = 0; k < length; ++k) partial[k] += x[k];
    lane = lane + length < lanes ? lane + length : 0;
  }
  Scalar sum = 0;
  EBMPI_UNROLL
  for (int k = 0; k < length; ++k) sum += partial[k];
  return sum;
}

}  // namespace ebmpi::core::detail
