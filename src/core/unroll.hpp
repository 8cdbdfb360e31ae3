// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a loop with a constant trip count whose variables are to live in registers.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define EBMPI_UNROLL _Pragma("unroll")
#else
#define EBMPI_UNROLL _Pragma("GCC unroll 24")
#endif

/// In place of KOKKOS_FORCEINLINE_FUNCTION for a step that works on a whole tile, which takes microseconds: a
/// call costs nothing beside that, and the step is compiled once rather than into each of its callers. On a
/// CPU such steps are instantiated in one source file of their folder; elsewhere they stand behind
/// EBMPI_TILE_ELSEWHERE. CUDA's compiler makes a copy in each source file. HIP's cannot know how many
/// registers the callers of a function have, and assumes few; there the steps become part of the kernel.
#if defined(__HIPCC__)
#define EBMPI_TILE_FUNCTION KOKKOS_FORCEINLINE_FUNCTION
#define EBMPI_TILE_ELSEWHERE(...)
#define EBMPI_TILE_HERE(...)
#elif defined(__CUDACC__)
#define EBMPI_TILE_FUNCTION __attribute__((noinline)) KOKKOS_FUNCTION
#define EBMPI_TILE_ELSEWHERE(...)
#define EBMPI_TILE_HERE(...)
#else
#define EBMPI_TILE_FUNCTION __attribute__((noinline)) inline
#define EBMPI_TILE_ELSEWHERE(...) extern template __VA_ARGS__;
#define EBMPI_TILE_HERE(...) template __VA_ARGS__;
#endif
