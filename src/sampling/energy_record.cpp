// SPDX-License-Identifier: Apache-2.0
#include "sampling/energy_record.hpp"

#include <algorithm>
#include <limits>

namespace ebmpi::sampling {

using core::ExecutionSpace;

template <class Scalar>
EnergyRecord<Scalar>::EnergyRecord(std::int64_t chains, std::int64_t first, core::BatchSlots slots)
    : slots_(slots),
      last_("ebmpi::sampling::last_energy", chains),
      before_("ebmpi::sampling::energy_before", chains),
      history_("ebmpi::sampling::energy_history", std::clamp<std::int64_t>(followed - first, 0, chains),
               length) {
  constexpr Scalar nothing = std::numeric_limits<Scalar>::quiet_NaN();
  Kokkos::deep_copy(last_, nothing);
  Kokkos::deep_copy(before_, nothing);
  Kokkos::deep_copy(history_, nothing);
}

template <class Scalar>
void EnergyRecord<Scalar>::note(std::int64_t step,
                                const Kokkos::View<const Scalar*, core::MemorySpace>& energy,
                                const Kokkos::View<const std::int64_t*, core::MemorySpace>& age) const {
  constexpr Scalar nothing = std::numeric_limits<Scalar>::quiet_NaN();
  const auto last = last_, before = before_;
  const auto history = history_;
  const auto slots = slots_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::note_energies", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const core::BatchSlot& slot = slots(row);
        const std::int64_t chain = slot.local_first + slot.object(step);
        before(chain) = age(chain) > 0 ? last(chain) : nothing;
        last(chain) = energy(row);
        if (chain < static_cast<std::int64_t>(history.extent(0)))
          history(chain, slot.visits(step) % length) = energy(row);
      });
}

template class EnergyRecord<float>;
template class EnergyRecord<double>;

}  // namespace ebmpi::sampling
