// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

namespace ebmpi::core {

// One square of a matrix, transposed in the vector registers of a CPU by swapping ever smaller off-diagonal
// blocks: Width log2(Width) shuffles in place of Width² scalar moves. Only GCC's and Clang's host compilers
// know these vector types.
#if !defined(__CUDACC__) && !defined(__HIPCC__)

namespace detail {

template <class Scalar, int Width>
struct Register {
  typedef Scalar type __attribute__((vector_size(Width * sizeof(Scalar)), may_alias));
};

/// upper takes lower's left halves of blocks of 2·Stride in place of its own right ones, and lower the other
/// way round.
template <int Stride, class Vector, std::size_t... k>
inline __attribute__((always_inline)) void swap_blocks(Vector& upper, Vector& lower,
                                                       std::index_sequence<k...>) {
  constexpr int width = sizeof...(k);
  const Vector first =
      __builtin_shufflevector(upper, lower, ((k & Stride) ? int(k) - Stride + width : int(k))...);
  lower = __builtin_shufflevector(upper, lower, ((k & Stride) ? int(k) + width : int(k) + Stride)...);
  upper = first;
}

template <int Stride, int Width, class Vector>
inline __attribute__((always_inline)) void swap_all_blocks(Vector (&rows)[Width]) {
  if constexpr (Stride > 0) {
#pragma GCC unroll 16
    for (int row = 0; row < Width; ++row) {
      if (!(row & Stride))
        swap_blocks<Stride>(rows[row], rows[row + Stride], std::make_index_sequence<Width>());
    }
    swap_all_blocks<Stride / 2>(rows);
  }
}

}  // namespace detail

/// to (Width, Width) with rows `to_stride` apart = the transpose of `present` rows at `from`, `from_stride`
/// apart, and zeros for the rows that are not there. Addresses and strides are aligned to Width numbers;
/// Width is a power of two.
template <int Width, class Scalar>
inline __attribute__((always_inline)) void transpose_square(const Scalar* from, std::ptrdiff_t from_stride,
                                                            int present, Scalar* to,
                                                            std::ptrdiff_t to_stride) {
  using Vector = typename detail::Register<Scalar, Width>::type;
  Vector rows[Width];
#pragma GCC unroll 16
  for (int row = 0; row < Width; ++row) {
    rows[row] = row < present ? *reinterpret_cast<const Vector*>(from + row * from_stride) : Vector{};
  }
  detail::swap_all_blocks<Width / 2>(rows);
#pragma GCC unroll 16
  for (int row = 0; row < Width; ++row) *reinterpret_cast<Vector*>(to + row * to_stride) = rows[row];
}

#else

/// The same in plain loops, for the host side of a GPU build.
template <int Width, class Scalar>
inline void transpose_square(const Scalar* from, std::ptrdiff_t from_stride, int present, Scalar* to,
                             std::ptrdiff_t to_stride) {
  for (int row = 0; row < Width; ++row) {
    for (int column = 0; column < Width; ++column) {
      to[column * to_stride + row] = row < present ? from[row * from_stride + column] : Scalar(0);
    }
  }
}

#endif

}  // namespace ebmpi::core
