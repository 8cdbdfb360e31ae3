// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/noise.hpp"
#include "core/tile_rows.hpp"
#include "network/flow_tile.hpp"

namespace ebmpi::network {

/// log (2π) / 2.
inline constexpr double half_log_two_pi = 0.918938533204672742;

/// log N(z; 0, I) in nats at z (D, tile_size), added to log_density (tile_size), which holds log|det ∂z/∂x|.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void add_normal_log_density(const Member& member, int dimension, const Scalar* z,
                                                        Scalar* log_density) {
  const auto constant = static_cast<Scalar>(dimension * half_log_two_pi);
  core::for_each_lane(member, 1, [=](int, int lane) {
    Scalar square = 0;
    for (int row = 0; row < dimension; ++row)
      square += z[row * core::tile_size + lane] * z[row * core::tile_size + lane];
    log_density[lane] -= Scalar(0.5) * square + constant;
  });
}

/// Standard normal rows z (D, tile_size) of the samples with the global `numbers` (tile_size) at `step`, a
/// pure function of (key, number, step). `ring` is scratch of core::NormalRows.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void draw_normal(const Member& member, core::PhiloxKey key, std::uint32_t step,
                                             const std::int64_t* numbers, int dimension, Scalar* ring,
                                             Scalar* z) {
  core::NormalRows<Scalar> normal(key, step, numbers, ring, dimension);
  normal.advance(member);
  core::for_each_lane(member, dimension,
                      [=](int row, int lane) { z[row * core::tile_size + lane] = normal.row(row)[lane]; });
}

/// log_density (N) = log q(x) in nats at x (N, D), in one launch.
template <class Scalar>
void flow_log_density(const core::ExecutionSpace& space, const FlowView<Scalar>& flow,
                      const core::Rows<Scalar>& x,
                      const Kokkos::View<Scalar*, core::MemorySpace>& log_density);

/// Fills x (N, D) with samples of the flow and, unless it is empty, log_density (N) with log q(x). Row i is
/// sample `first_number + i` of `step`, whatever the rows that are drawn with it.
template <class Scalar>
void draw_flow(const core::ExecutionSpace& space, const FlowView<Scalar>& flow, core::PhiloxKey key,
               std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
               const Kokkos::View<Scalar*, core::MemorySpace>& log_density);

/// z (N, D) = f(x) at x (N, D), or x = g(z); `log_det` (N), unless it is empty, log|det| of that map. The two
/// may be the same rows.
template <class Scalar>
void map_through_flow(const core::ExecutionSpace& space, const FlowView<Scalar>& flow,
                      FlowDirection direction, const core::Rows<Scalar>& from, const core::Rows<Scalar>& to,
                      const Kokkos::View<Scalar*, core::MemorySpace>& log_det);

}  // namespace ebmpi::network
