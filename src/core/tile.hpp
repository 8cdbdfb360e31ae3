// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstddef>

#include "core/pack.hpp"

namespace ebmpi::core {

/// Samples in a tile: the unit of work of every kernel, and the block inside which sums are taken in floating
/// point. It is the same on every machine, so that membership in a block never depends on the hardware or the
/// decomposition.
inline constexpr int tile_size = 64;

/// What a kernel knows its team by.
using TeamMember = Kokkos::TeamPolicy<ExecutionSpace>::member_type;

/// How a tile is held: the one place that knows registers, teams and scratch levels.
template <class Scalar, bool on_host>
struct TileShapeOn;

/// On a CPU a team is one thread, and a lane of a tile one of a SIMD pack.
template <class Scalar>
struct TileShapeOn<Scalar, true> {
  static constexpr bool on_host = true;
  static constexpr int width = detail::PackOf<Scalar, true>::width;
  static constexpr int packs = tile_size / width;
  /// 32 vector registers hold 6 × 4 accumulators, 4 inputs and 1 weight; 16 hold 6 × 2, 2 and 1.
  static constexpr bool many_registers = width * sizeof(Scalar) == 64;
  static constexpr int register_packs = many_registers ? (packs < 4 ? packs : 4) : (packs < 2 ? packs : 2);
  static constexpr int register_rows = 6;
  static constexpr int panel_rows = register_rows;
  static constexpr int team_size = 1;
  /// Columns of a matrix that is read in packs are padded to this.
  static constexpr int alignment = 64 / static_cast<int>(sizeof(Scalar));
};

/// On a GPU a team is a block of threads, each of which holds a square of sums in its registers: 64 floats,
/// for which it reads 16 numbers a step. 256 threads with all registers that a thread can have fill a
/// multiprocessor, and cover the 64 samples of a layer of 256 units.
template <class Scalar>
struct TileShapeOn<Scalar, false> {
  static constexpr bool on_host = false;
  static constexpr int width = 1;
  static constexpr int register_rows = 32 / static_cast<int>(sizeof(Scalar));
  static constexpr int register_packs = register_rows;
  /// Rows of a matrix whose numbers in a column lie side by side: what 32 neighbouring threads read at once.
  static constexpr int panel_rows = 32;
  static constexpr int team_size = 256;
  static constexpr int alignment = 32;
};

template <class Scalar, class Space = ExecutionSpace>
using TileShape = TileShapeOn<Scalar, is_host_space<Space>>;

/// `count` rounded up to a multiple of `multiple`.
KOKKOS_FORCEINLINE_FUNCTION constexpr int round_up(int count, int multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// Hands out pieces of a team's scratch, each aligned to a cache line. With a null base it only counts, so
/// that the size of a workspace is computed by the code that lays it out.
class ScratchArena {
public:
  KOKKOS_FORCEINLINE_FUNCTION explicit ScratchArena(void* base) : base_(static_cast<char*>(base)) {}

  /// Of two memories: a piece is in the fast one where it still fits there, else at `base`. What is taken
  /// first is therefore what is used most.
  KOKKOS_FORCEINLINE_FUNCTION ScratchArena(void* base, void* fast, std::size_t fast_bytes)
      : base_(static_cast<char*>(base)), fast_(static_cast<char*>(fast)), fast_bytes_(fast_bytes) {}

  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION T* take(std::size_t count) {
    const std::size_t size = (count * sizeof(T) + 63) / 64 * 64;
    if constexpr (!is_host_space<ExecutionSpace>) {
      if (size <= fast_bytes_) {
        T* const piece = reinterpret_cast<T*>(fast_);
        fast_ += size;
        fast_bytes_ -= size;
        return piece;
      }
    }
    T* const piece = base_ ? reinterpret_cast<T*>(base_ + used_) : nullptr;
    used_ += size;
    return piece;
  }

  /// Bytes at `base`; of a counting arena, of everything.
  KOKKOS_FORCEINLINE_FUNCTION std::size_t used() const { return used_; }

private:
  char* base_;
  std::size_t used_ = 0;
  char* fast_ = nullptr;
  std::size_t fast_bytes_ = 0;  // left there
};

/// `body(index)` for index in [0, count), shared among the threads of the team; ends with a team barrier.
template <class Member, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_each(const Member& member, int count, const Body& body) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    for (int index = 0; index < count; ++index) body(index);
  } else {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count), body);
    member.team_barrier();
  }
}

/// `body(row, lane)` for every row of a tile; the lanes of a row are vectorised on a CPU and neighbouring
/// threads on a GPU. `body` must be free of branches that differ between lanes to be fast. Ends with a team
/// barrier.
template <class Member, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_each_lane(const Member& member, int rows, const Body& body) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    for (int row = 0; row < rows; ++row) {
#pragma omp simd
      for (int lane = 0; lane < tile_size; ++lane) body(row, lane);
    }
  } else {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, rows * tile_size),
                         [&](int index) { body(index / tile_size, index % tile_size); });
    member.team_barrier();
  }
}

/// `body(row, lane)` for every row of a tile and the first lane of every pack: for loops whose inner part,
/// over streams or coordinates, keeps numbers in registers. Ends with a team barrier.
template <class Scalar, class Member, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_each_pack(const Member& member, int rows, const Body& body) {
  using Space = typename Member::execution_space;
  constexpr int width = pack_width<Scalar, Space>;
  if constexpr (is_host_space<Space>) {
    for (int row = 0; row < rows; ++row) {
      for (int lane = 0; lane < tile_size; lane += width) body(row, lane);
    }
  } else {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, rows * tile_size),
                         [&](int index) { body(index / tile_size, index % tile_size); });
    member.team_barrier();
  }
}

/// sums[lane] = Σ_row term(row, lane), (tile_size), added in row order. Ends with a team barrier.
template <class Member, class Scalar, class Term>
KOKKOS_FORCEINLINE_FUNCTION void sum_rows(const Member& member, int rows, Scalar* sums, const Term& term) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    for (int lane = 0; lane < tile_size; ++lane) sums[lane] = 0;
    for_each_lane(member, rows, [=](int row, int lane) { sums[lane] += term(row, lane); });
  } else {
    for_each(member, tile_size, [&](int lane) {
      Scalar sum = 0;
      for (int row = 0; row < rows; ++row) sum += term(row, lane);
      sums[lane] = sum;
    });
  }
}

}  // namespace ebmpi::core
