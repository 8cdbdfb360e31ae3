// SPDX-License-Identifier: Apache-2.0
#pragma once

// What of MlpTile is compiled once, in mlp_tile_float.cpp and mlp_tile_double.cpp; network/mlp_tile.hpp
// includes it.
#include "network/mlp_tile.hpp"

namespace ebmpi::network {

// clang-format off
#define EBMPI_MLP_PASSES(where, Scalar, Order, keep)                                                            \
  where(void MlpTile<Scalar, Order, keep>::forward(const core::TeamMember&, const Scalar*, Scalar*) const)      \
  where(void MlpTile<Scalar, Order, keep>::reverse(const core::TeamMember&, const Scalar*, Scalar*) const)
#define EBMPI_MLP_GRADIENT(where, Scalar, Order)                                                                \
  EBMPI_MLP_PASSES(where, Scalar, Order, Keep::everything)                                                      \
  where(void MlpTile<Scalar, Order, Keep::everything>::add_gradient(                                            \
      const core::TeamMember&, const Scalar*, const Scalar*, const core::FixedPointAdder&, int) const)
#define EBMPI_MLP_DERIVATIVES(where, Scalar, Order)                                                             \
  EBMPI_MLP_GRADIENT(where, Scalar, Order)                                                                      \
  where(void MlpTile<Scalar, Order, Keep::everything>::forward_value(                                           \
      const core::TeamMember&, const Scalar*, Scalar*) const)                                                   \
  where(void MlpTile<Scalar, Order, Keep::everything>::forward_derivatives(                                     \
      const core::TeamMember&, const Scalar*, Scalar*) const)                                                   \
  where(void MlpTile<Scalar, Order, Keep::everything>::reverse_value(                                           \
      const core::TeamMember&, const Scalar*, Scalar*) const)                                                   \
  where(void MlpTile<Scalar, Order, Keep::everything>::add_gradient_after_value(                                \
      const core::TeamMember&, const Scalar*, const Scalar*, const core::FixedPointAdder&, int) const)
#define EBMPI_MLP_TILES(where, Scalar)                                                                          \
  EBMPI_MLP_PASSES(where, Scalar, 0, Keep::slopes)                                                              \
  EBMPI_MLP_GRADIENT(where, Scalar, 0)                                                                          \
  where(void MlpTile<Scalar, 0, Keep::everything>::add_gradient_and_reverse(                                    \
      const core::TeamMember&, const Scalar*, const Scalar*, const core::FixedPointAdder&, int, Scalar*) const) \
  EBMPI_MLP_DERIVATIVES(where, Scalar, 1)                                                                       \
  EBMPI_MLP_DERIVATIVES(where, Scalar, 2)
// clang-format on
EBMPI_MLP_TILES(EBMPI_TILE_ELSEWHERE, float)
EBMPI_MLP_TILES(EBMPI_TILE_ELSEWHERE, double)

}  // namespace ebmpi::network
