// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/batch_slot.hpp"
#include "sampling/start.hpp"

namespace ebmpi::sampling {

/// This rank's persistent chains. Each step serves the next chains of every shard's slice in turn, so that
/// all are advanced equally often; a chain goes back to the slot it came from. Tieleman 2008,
/// doi:10.1145/1390156.1390290.
template <class Scalar>
class Population {
public:
  /// `chains`: this rank's number of chains; `first`: global number of the first; `slots`: one for each row
  /// of the batch.
  Population(std::int64_t chains, std::int64_t first, int dimension, core::BatchSlots slots,
             StartDistribution<Scalar> start, std::uint64_t seed);

  /// Starts every chain from noise, age 0.
  void start_all();

  /// Copies the chains of `step` to `x` (rows, D) and their global numbers to `numbers`; each first restarts
  /// from noise with the probability `reinitialize`.
  void check_out(std::int64_t step, double reinitialize, const core::Rows<Scalar>& x,
                 const Kokkos::View<std::int64_t*, core::MemorySpace>& numbers) const;
  /// Writes the chains back, `steps` older.
  void check_in(std::int64_t step, std::int64_t steps, const core::Rows<Scalar>& x) const;

  const core::Rows<Scalar>& x() const { return x_; }                                  // (C, D)
  const Kokkos::View<std::int64_t*, core::MemorySpace>& age() const { return age_; }  // (C), Langevin steps

private:
  std::int64_t first_;
  core::Rows<Scalar> x_;
  Kokkos::View<std::int64_t*, core::MemorySpace> age_;
  core::BatchSlots slots_;
  StartDistribution<Scalar> start_;
  core::PhiloxKey initial_key_, restart_key_;
};

}  // namespace ebmpi::sampling
