// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/tile_rows.hpp"

namespace ebmpi::sampling {

/// Chains between two launches: with each position the energy and the gradient there, so that a transition
/// does not evaluate them again.
template <class Scalar>
struct ChainState {
  core::Rows<Scalar> x;                                          // (N, D)
  core::Rows<Scalar> gradient;                                   // (N, D), ∇E(x)
  Kokkos::View<Scalar*, core::MemorySpace> energy;               // (N), E(x)
  Kokkos::View<const std::int64_t*, core::MemorySpace> numbers;  // (N), global chain numbers, which
                                                                 // choose the random numbers
};

/// The distribution exp(-U(x)) that chains are to sample,
///     U(x) = a E(x) + b ½‖x - y‖²
/// inside a box, with some coordinates kept where they are. With a = 1/T it is the energy at a temperature;
/// with b the posterior of x behind an observation y with noise of variance 1/b, or a bridge to a normal
/// distribution.
template <class Scalar>
struct ChainTarget {
  using Numbers = Kokkos::View<const Scalar*, core::MemorySpace>;

  Scalar energy_weight = 1;   ///< a, of all chains
  Scalar spring = 0;          ///< b, of all chains; >= 0
  Numbers energy_weights;     // (N), a of each chain; empty: energy_weight
  core::Rows<Scalar> centre;  // (N, D), y; empty: 0
  core::Rows<Scalar> free;    // (N, D), 1 where a coordinate moves, 0 where it stays; empty: all move
  Numbers minimum, maximum;   // (D), the box; empty: none
};

}  // namespace ebmpi::sampling
