// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/batch_slot.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

/// The energies at which this rank's persistent chains were written back: of each chain the last two, of the
/// first chains of all a longer history. What is not there yet is NaN.
template <class Scalar>
class EnergyRecord {
public:
  /// Chains of the whole population that have a history, and its length.
  static constexpr std::int64_t followed = 64, length = 64;

  /// `chains`: this rank's number of chains; `first`: global number of the first.
  EnergyRecord(std::int64_t chains, std::int64_t first, core::BatchSlots slots);

  /// Notes the energies (rows) of the chains of `step`. `age` (C) is as it was before these are written back:
  /// a chain of age 0 begins anew, and its energy before is forgotten.
  void note(std::int64_t step, const Kokkos::View<const Scalar*, core::MemorySpace>& energy,
            const Kokkos::View<const std::int64_t*, core::MemorySpace>& age) const;

  const Kokkos::View<Scalar*, core::MemorySpace>& last() const { return last_; }      // (C)
  const Kokkos::View<Scalar*, core::MemorySpace>& before() const { return before_; }  // (C)
  /// (followed chains of this rank, length): that of visit v in column v mod length.
  const core::Rows<Scalar>& history() const { return history_; }

private:
  core::BatchSlots slots_;
  Kokkos::View<Scalar*, core::MemorySpace> last_, before_;
  core::Rows<Scalar> history_;
};

}  // namespace ebmpi::sampling
