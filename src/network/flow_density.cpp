// SPDX-License-Identifier: Apache-2.0
#include "network/flow_density.hpp"

namespace ebmpi::network {

using core::ExecutionSpace;
using core::Rows;

namespace {

template <class Scalar>
using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;

/// The rows of one tile, beside the flow's workspace.
template <class Scalar>
struct Work {
  Scalar* x;            // (D, tile_size)
  Scalar* log_density;  // (tile_size)
  Scalar* ring;
  std::int64_t* numbers;  // (tile_size)

  KOKKOS_FORCEINLINE_FUNCTION Work(int dimension, core::ScratchArena& arena)
      : x(arena.take<Scalar>(static_cast<std::size_t>(dimension) * core::tile_size)),
        log_density(arena.take<Scalar>(core::tile_size)),
        ring(arena.take<Scalar>(static_cast<std::size_t>(core::NormalRows<Scalar>::ring_rows(dimension)) *
                                core::tile_size)),
        numbers(arena.take<std::int64_t>(core::tile_size)) {}
};

template <class Scalar>
using Tile = FlowTile<Scalar, Keep::slopes>;

template <class Scalar>
std::size_t workspace(const FlowView<Scalar>& flow) {
  core::ScratchArena arena(nullptr);
  const Work<Scalar> work(flow.dimension, arena);
  const Tile<Scalar> tile(flow, arena);
  return arena.used();
}

template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION int rows_left(const Rows<Scalar>& rows, std::int64_t first) {
  const std::int64_t left = static_cast<std::int64_t>(rows.extent(0)) - first;
  return left < core::tile_size ? static_cast<int>(left) : core::tile_size;
}

template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void store_numbers(const Member& member, const Scalar* from,
                                               const Numbers<Scalar>& to, std::int64_t first, int count) {
  if (!to.data()) return;
  core::for_each(member, count, [&](int lane) { to(first + lane) = from[lane]; });
}

}  // namespace

template <class Scalar>
void flow_log_density(const ExecutionSpace& space, const FlowView<Scalar>& flow, const Rows<Scalar>& x,
                      const Numbers<Scalar>& log_density) {
  core::for_each_tile<Scalar>(
      space, "ebmpi::network::flow_log_density", static_cast<std::int64_t>(x.extent(0)), workspace(flow),
      KOKKOS_LAMBDA(const core::TeamMember& member, core::ScratchArena arena, std::int64_t first) {
        const Work<Scalar> work(flow.dimension, arena);
        const Tile<Scalar> tile(flow, arena);
        const int count = rows_left(x, first);
        core::load_tile(member, x, first, count, work.x);
        tile.normalize(member, work.x, work.x, work.log_density);
        add_normal_log_density(member, flow.dimension, work.x, work.log_density);
        store_numbers(member, work.log_density, log_density, first, count);
      });
}

template <class Scalar>
void draw_flow(const ExecutionSpace& space, const FlowView<Scalar>& flow, core::PhiloxKey key,
               std::uint32_t step, std::int64_t first_number, const Rows<Scalar>& x,
               const Numbers<Scalar>& log_density) {
  core::for_each_tile<Scalar>(
      space, "ebmpi::network::draw_flow", static_cast<std::int64_t>(x.extent(0)), workspace(flow),
      KOKKOS_LAMBDA(const core::TeamMember& member, core::ScratchArena arena, std::int64_t first) {
        const Work<Scalar> work(flow.dimension, arena);
        const Tile<Scalar> tile(flow, arena);
        const int count = rows_left(x, first);
        core::for_each(member, core::tile_size,
                       [&](int lane) { work.numbers[lane] = first_number + first + lane; });
        draw_normal(member, key, step, work.numbers, flow.dimension, work.ring, work.x);
        // log q(x) = log N(z) - log|det ∂x/∂z|.
        Scalar* const log_normal = work.ring;  // the draws are done
        core::for_each_lane(member, 1, [=](int, int lane) { log_normal[lane] = 0; });
        add_normal_log_density(member, flow.dimension, work.x, log_normal);
        tile.generate(member, work.x, work.x, work.log_density);
        core::for_each_lane(member, 1, [=, log_det = work.log_density](int, int lane) {
          log_det[lane] = log_normal[lane] - log_det[lane];
        });
        core::store_tile(member, work.x, x, first, count);
        store_numbers(member, work.log_density, log_density, first, count);
      });
}

template <class Scalar>
void map_through_flow(const ExecutionSpace& space, const FlowView<Scalar>& flow, FlowDirection direction,
                      const Rows<Scalar>& from, const Rows<Scalar>& to, const Numbers<Scalar>& log_det) {
  const bool normalizes = direction == FlowDirection::normalize;
  core::for_each_tile<Scalar>(
      space, "ebmpi::network::map_through_flow", static_cast<std::int64_t>(from.extent(0)), workspace(flow),
      KOKKOS_LAMBDA(const core::TeamMember& member, core::ScratchArena arena, std::int64_t first) {
        const Work<Scalar> work(flow.dimension, arena);
        const Tile<Scalar> tile(flow, arena);
        const int count = rows_left(from, first);
        core::load_tile(member, from, first, count, work.x);
        if (normalizes) {
          tile.normalize(member, work.x, work.x, work.log_density);
        } else {
          tile.generate(member, work.x, work.x, work.log_density);
        }
        core::store_tile(member, work.x, to, first, count);
        store_numbers(member, work.log_density, log_det, first, count);
      });
}

// clang-format off
#define EBMPI_FLOW_DENSITY(Scalar)                                                                              \
  template void flow_log_density(const ExecutionSpace&, const FlowView<Scalar>&, const Rows<Scalar>&,           \
                                 const Numbers<Scalar>&);                                                       \
  template void draw_flow(const ExecutionSpace&, const FlowView<Scalar>&, core::PhiloxKey, std::uint32_t,       \
                          std::int64_t, const Rows<Scalar>&, const Numbers<Scalar>&);                           \
  template void map_through_flow(const ExecutionSpace&, const FlowView<Scalar>&, FlowDirection,                 \
                                 const Rows<Scalar>&, const Rows<Scalar>&, const Numbers<Scalar>&);
// clang-format on
EBMPI_FLOW_DENSITY(float)
EBMPI_FLOW_DENSITY(double)

}  // namespace ebmpi::network
