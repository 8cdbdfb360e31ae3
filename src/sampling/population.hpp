// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/batch_slot.hpp"
#include "sampling/start.hpp"

namespace ebmpi::sampling {

/// This rank's persistent chains, each of one position or of several replicas on a ladder of temperatures,
/// which stand one after another. Each step serves the next chains of every shard's slice in turn, so that
/// all are advanced equally often; a chain goes back to the slot it came from. Tieleman 2008,
/// doi:10.1145/1390156.1390290.
template <class Scalar>
class Population {
public:
  using Numbers = Kokkos::View<std::int64_t*, core::MemorySpace>;

  /// `chains`: this rank's number of chains; `first`: global number of the first; `slots`: one for each row
  /// of the batch; `replicas` R >= 1 of each chain.
  Population(std::int64_t chains, std::int64_t first, int dimension, core::BatchSlots slots,
             StartDistribution<Scalar> start, std::uint64_t seed, std::int64_t replicas = 1);

  /// Starts every chain from noise, age 0, replica r at level r.
  void start_all();

  /// Copies the chains of `step` to `x` (rows · R, D), the global numbers of their replicas to `numbers`
  /// (rows · R), and where R > 1 the levels of these to `levels` (rows · R); each chain first restarts from
  /// noise with the probability `reinitialize`.
  void check_out(std::int64_t step, double reinitialize, const core::Rows<Scalar>& x, const Numbers& numbers,
                 const Numbers& levels = {}) const;
  /// Writes the chains back, `steps` older.
  void check_in(std::int64_t step, std::int64_t steps, const core::Rows<Scalar>& x,
                const Numbers& levels = {}) const;

  std::int64_t replicas() const { return replicas_; }
  const core::Rows<Scalar>& x() const { return x_; }  // (C · R, D)
  const Numbers& level() const { return level_; }     // (C · R), 0 is the coldest; empty where R = 1
  const Numbers& age() const { return age_; }         // (C), steps since the last restart

private:
  std::int64_t first_, replicas_;
  core::Rows<Scalar> x_;
  Numbers level_, age_;
  core::BatchSlots slots_;
  StartDistribution<Scalar> start_;
  core::PhiloxKey initial_key_, restart_key_;
};

}  // namespace ebmpi::sampling
