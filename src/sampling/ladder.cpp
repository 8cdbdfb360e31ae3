// SPDX-License-Identifier: Apache-2.0
#include "sampling/ladder.hpp"

#include "sampling/tempering.hpp"

namespace ebmpi::sampling {

using core::ExecutionSpace;

namespace {

template <class Scalar>
KOKKOS_INLINE_FUNCTION void apply_level(const LadderLevels& levels, const LadderRows<Scalar>& rows,
                                        std::int64_t replica) {
  const auto level = static_cast<std::size_t>(rows.level(replica));
  rows.weight(replica) = static_cast<Scalar>(levels.inverse[level]);
  rows.step_length(replica) = static_cast<Scalar>(levels.length[level]);
}

/// The replicas of the ladder that begins at `first`, by their levels.
template <class Scalar>
KOKKOS_INLINE_FUNCTION void find_replicas(const LadderRows<Scalar>& rows, std::int64_t first, int count,
                                          std::int64_t* replica_at) {
  for (std::int64_t replica = first; replica < first + count; ++replica)
    replica_at[rows.level(replica)] = replica;
}

}  // namespace

template <class Scalar>
void apply_levels(const ExecutionSpace& space, const LadderLevels& levels, const LadderRows<Scalar>& rows) {
  const Kokkos::RangePolicy<ExecutionSpace> policy(space, 0, rows.level.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::apply_levels", policy,
      KOKKOS_LAMBDA(std::int64_t replica) { apply_level(levels, rows, replica); });
}

template <class Scalar>
void exchange_levels(const ExecutionSpace& space, core::PhiloxKey key, std::int64_t step, std::int64_t round,
                     std::int64_t rounds, const LadderLevels& levels, const LadderRows<Scalar>& rows) {
  const Kokkos::RangePolicy<ExecutionSpace> policy(space, 0, rows.slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::exchange_levels", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const core::BatchSlot& slot = rows.slots(row);
        const std::int64_t number = slot.global_first + slot.object(step);
        const std::int64_t own_round = slot.visits(step) * rounds + round;
        const std::int64_t first = row * levels.count;
        std::int64_t replica_at[most_levels];
        find_replicas(rows, first, levels.count, replica_at);
        for (int level = 0; level < levels.count; ++level) {
          rows.level_acceptance(first + level) += rows.acceptance(replica_at[level]);
          rows.acceptance(replica_at[level]) = 0;
        }
        for (int low = static_cast<int>(own_round % 2); low + 1 < levels.count; low += 2) {
          const std::int64_t cold = replica_at[low], hot = replica_at[low + 1];
          const double gain =
              (levels.inverse[low] - levels.inverse[low + 1]) *
              (static_cast<double>(rows.energy(cold)) - static_cast<double>(rows.energy(hot)));
          rows.tried(row) += 1;
          if (!exchanges(key, static_cast<std::uint64_t>(number), static_cast<std::uint32_t>(own_round),
                         static_cast<std::uint32_t>(low), gain))
            continue;
          rows.accepted(row) += 1;
          rows.level(cold) = low + 1;
          rows.level(hot) = low;
        }
        for (int r = 0; r < levels.count; ++r) apply_level(levels, rows, first + r);
      });
}

template void apply_levels(const ExecutionSpace&, const LadderLevels&, const LadderRows<float>&);
template void apply_levels(const ExecutionSpace&, const LadderLevels&, const LadderRows<double>&);
template void exchange_levels(const ExecutionSpace&, core::PhiloxKey, std::int64_t, std::int64_t,
                              std::int64_t, const LadderLevels&, const LadderRows<float>&);
template void exchange_levels(const ExecutionSpace&, core::PhiloxKey, std::int64_t, std::int64_t,
                              std::int64_t, const LadderLevels&, const LadderRows<double>&);

}  // namespace ebmpi::sampling
