// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Array.hpp>
#include <cstdint>

#include "core/batch_slot.hpp"
#include "core/random.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

inline constexpr int most_levels = 32;

/// What replicas do at the levels of a ladder of temperatures.
struct LadderLevels {
  int count = 1;                                    ///< K; 1 to most_levels
  Kokkos::Array<double, most_levels> inverse = {};  ///< (K), 1/T, falling
  Kokkos::Array<double, most_levels> length = {};   ///< (K), step of a transition
};

/// The ladders of a step, one for each row of the batch, whose K replicas stand one after another.
template <class Scalar>
struct LadderRows {
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;

  core::BatchSlots slots;                                // (rows)
  Kokkos::View<std::int64_t*, core::MemorySpace> level;  // (rows · K)
  Numbers energy;                                        // (rows · K)
  Numbers weight, step_length;  // (rows · K), 1/T and step of each replica, which follow from its level
  Numbers acceptance;           // (rows · K), of each replica since the last exchange
  Numbers level_acceptance;     // (rows · K), of each level
  Kokkos::View<std::int64_t*, core::MemorySpace> tried, accepted;  // (rows), exchanges
};

/// Sets weights and step lengths from the levels.
template <class Scalar>
void apply_levels(const core::ExecutionSpace& space, const LadderLevels& levels,
                  const LadderRows<Scalar>& rows);

/// Exchange number `round` of `rounds` in `step`, by the rule of TemperatureLadder::exchange, where a ladder
/// counts its own rounds: those of the steps that served it. Before, the replicas' acceptance goes over to
/// their levels; after, weights and step lengths are those of the new levels.
template <class Scalar>
void exchange_levels(const core::ExecutionSpace& space, core::PhiloxKey key, std::int64_t step,
                     std::int64_t round, std::int64_t rounds, const LadderLevels& levels,
                     const LadderRows<Scalar>& rows);

}  // namespace ebmpi::sampling
