// SPDX-License-Identifier: Apache-2.0
#pragma once

// What of FlowTile is compiled once, in flow_tile_float.cpp and flow_tile_double.cpp; network/flow_tile.hpp
// includes it.
#include "network/flow_tile.hpp"

namespace ebmpi::network {

// clang-format off
#define EBMPI_FLOW_PASSES(where, Scalar, keep)                                                                  \
  where(void FlowTile<Scalar, keep>::normalize(const core::TeamMember&, const Scalar*, Scalar*, Scalar*) const)  \
  where(void FlowTile<Scalar, keep>::generate(const core::TeamMember&, const Scalar*, Scalar*, Scalar*) const)
#define EBMPI_FLOW_TILES(where, Scalar)                                                                         \
  EBMPI_FLOW_PASSES(where, Scalar, Keep::slopes)                                                                \
  EBMPI_FLOW_PASSES(where, Scalar, Keep::everything)                                                            \
  where(void FlowTile<Scalar, Keep::slopes>::pull_back(                                                         \
      const core::TeamMember&, const Scalar*, const Scalar*, Scalar*) const)                                    \
  where(void FlowTile<Scalar, Keep::slopes>::pull_back_to_normal(                                               \
      const core::TeamMember&, const Scalar*, const Scalar*, Scalar*) const)                                    \
  where(void FlowTile<Scalar, Keep::everything>::add_gradient(                                                  \
      const core::TeamMember&, const Scalar*, const Scalar*, const core::FixedPointAdder&, int) const)          \
  where(void FlowTile<Scalar, Keep::everything>::add_path_gradient(                                             \
      const core::TeamMember&, const Scalar*, const Scalar*, const core::FixedPointAdder&, int) const)
// clang-format on
EBMPI_FLOW_TILES(EBMPI_TILE_ELSEWHERE, float)
EBMPI_FLOW_TILES(EBMPI_TILE_ELSEWHERE, double)

}  // namespace ebmpi::network
