// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "benchmark/bench_network.hpp"
#include "benchmark/bench_objective.hpp"
#include "core/tile_rows.hpp"
#include "network/mlp.hpp"

namespace ebmpi::benchmark {

/// A network with samples to evaluate and chains to run.
class ChainWork {
public:
  ChainWork(const BenchNetwork& network, std::int64_t samples);

  void energy();
  void langevin(int steps);
  /// Transitions with a Metropolis test, each a trajectory of so many leapfrogs: MALA with one.
  void transitions(int count, int leapfrogs);

private:
  network::Mlp<Scalar> mlp_;
  core::Rows<Scalar> x_;
  Kokkos::View<std::int64_t*, core::MemorySpace> numbers_;
  Kokkos::View<Scalar*, core::MemorySpace> energies_;
  core::Rows<Scalar> gradients_;
};

}  // namespace ebmpi::benchmark
