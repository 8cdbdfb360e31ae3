// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile.hpp"

namespace ebmpi::core {

/// Samples in memory, row-major (N, D).
template <class Scalar>
using Rows = Kokkos::View<Scalar**, Kokkos::LayoutRight, MemorySpace>;

/// tile (D, lanes), first stream = rows [first, first + tile_size) of `rows`; where fewer than tile_size are
/// left the last one is repeated, so that every lane holds an admissible sample. Ends with a team barrier.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void load_tile(const Member& member, const Rows<Scalar>& rows, std::int64_t first,
                                           int count, Scalar* tile, int lanes = tile_size) {
  const int dimension = static_cast<int>(rows.extent(1));
  for_each(member, dimension * tile_size, [&](int item) {
    const int feature = item / tile_size;
    const int lane = item % tile_size;
    tile[feature * lanes + lane] = rows(first + (lane < count ? lane : count - 1), feature);
  });
}

/// Writes the first `count` samples of `tile` (D, tile_size) to rows [first, first + count). Ends with a team
/// barrier.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void store_tile(const Member& member, const Scalar* tile,
                                            const Rows<Scalar>& rows, std::int64_t first, int count) {
  const int dimension = static_cast<int>(rows.extent(1));
  for_each(member, dimension * count, [&](int item) {
    const int lane = item / dimension;
    const int feature = item % dimension;
    rows(first + lane, feature) = tile[feature * tile_size + lane];
  });
}

/// Where the bytes of a team's scratch are.
struct ScratchPlan {
  std::size_t fast = 0;  // shared memory of a GPU
  std::size_t slow = 0;  // device memory, which its caches serve; on a CPU all of it
};

/// A TeamPolicy with a workspace for each team.
struct TeamScratch {
  // A GPU's compiler has to know the largest team, lest it spares registers for a larger one.
  using Policy = std::conditional_t<
      is_host_space<ExecutionSpace>, Kokkos::TeamPolicy<ExecutionSpace>,
      Kokkos::TeamPolicy<ExecutionSpace, Kokkos::LaunchBounds<TileShapeOn<float, false>::team_size, 1>>>;
  Policy policy;
  ScratchPlan plan;
};

/// `league` teams with `bytes` of scratch each: as much of it in fast memory as there is. The fast level of a
/// CPU holds 32 KiB only, and its caches serve either level alike.
template <class Scalar>
TeamScratch team_with_scratch(const ExecutionSpace& space, int league, std::size_t bytes) {
  constexpr std::size_t line = 64;
  TeamScratch::Policy policy(space, league, TileShape<Scalar>::team_size);
  ScratchPlan plan{0, bytes};
  if constexpr (!is_host_space<ExecutionSpace>) {
    const std::size_t most = static_cast<std::size_t>(policy.scratch_size_max(0)) / line * line - line;
    plan = {bytes < most ? bytes : most, bytes <= most ? 0 : bytes};
    policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(plan.fast + line)));
  }
  if (plan.slow > 0 || plan.fast == 0)
    policy.set_scratch_size(1, Kokkos::PerTeam(static_cast<int>(plan.slow + line)));
  return {policy, plan};
}

/// The team's scratch, aligned to a cache line.
template <class Member>
KOKKOS_FORCEINLINE_FUNCTION ScratchArena team_arena(const Member& member, const ScratchPlan& plan) {
  if constexpr (is_host_space<typename Member::execution_space>) {
    return ScratchArena(member.team_scratch(1).get_shmem_aligned(plan.slow, 64));
  } else {
    void* const fast = plan.fast > 0 ? member.team_scratch(0).get_shmem_aligned(plan.fast, 64) : nullptr;
    void* const slow = plan.slow > 0 ? member.team_scratch(1).get_shmem_aligned(plan.slow, 64) : nullptr;
    return ScratchArena(slow, fast, plan.fast);
  }
}

/// Teams that work at the same time, each on its own tiles; never a matter of results.
inline int concurrent_teams(std::int64_t tiles) {
  if constexpr (!is_host_space<ExecutionSpace>) return static_cast<int>(tiles);
  const std::int64_t threads = ExecutionSpace().concurrency();
  return static_cast<int>(tiles < threads ? tiles : threads);
}

/// Tiles of `rows` samples.
inline std::int64_t tile_count(std::int64_t rows) {
  return (rows + tile_size - 1) / tile_size;
}

/// `body(member, arena, first)` for every tile of `rows` samples, `first` the number of its first sample, in
/// one launch. `bytes` is the workspace that `arena` holds; teams that work at the same time take the tiles
/// in turn.
template <class Scalar, class Body>
void for_each_tile(const ExecutionSpace& space, const char* label, std::int64_t rows, std::size_t bytes,
                   const Body& body) {
  const std::int64_t tiles = tile_count(rows);
  if (tiles == 0) return;
  const int teams = concurrent_teams(tiles);
  const TeamScratch team = team_with_scratch<Scalar>(space, teams, bytes);
  const ScratchPlan plan = team.plan;
  Kokkos::parallel_for(
      label, team.policy, KOKKOS_LAMBDA(const TeamMember& member) {
        const ScratchArena arena = team_arena(member, plan);
        for (std::int64_t tile = member.league_rank(); tile < tiles; tile += teams)
          body(member, arena, tile * tile_size);
      });
}

}  // namespace ebmpi::core
