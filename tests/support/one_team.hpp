// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>

#include "core/tile_rows.hpp"

namespace ebmpi::test {

using core::TeamMember;

/// Runs `body(member, arena)` on one team with `bytes` of scratch, and waits for it.
template <class Scalar, class Body>
void on_one_team(std::size_t bytes, const Body& body) {
  const core::TeamScratch team = core::team_with_scratch<Scalar>(core::ExecutionSpace(), 1, bytes);
  const core::ScratchPlan plan = team.plan;
  Kokkos::parallel_for(
      "ebmpi::test::one_team", team.policy,
      KOKKOS_LAMBDA(const TeamMember& member) { body(member, core::team_arena(member, plan)); });
  Kokkos::fence();
}

}  // namespace ebmpi::test
