// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <Kokkos_SIMD.hpp>
#include <type_traits>

namespace ebmpi::core {

/// Where kernels run, and where their data lives.
using ExecutionSpace = Kokkos::DefaultExecutionSpace;
using MemorySpace = ExecutionSpace::memory_space;

/// True where a lane is a SIMD pack of one core rather than one thread of a GPU.
template <class Space>
inline constexpr bool is_host_space =
    Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Space::memory_space>::accessible;

namespace detail {
template <class Scalar, bool on_host>
struct PackOf {
  using type = Scalar;
  static constexpr int width = 1;
};
template <class Scalar>
struct PackOf<Scalar, true> {
  using type = Kokkos::Experimental::simd<Scalar>;
  static constexpr int width = static_cast<int>(type::size());
};
}  // namespace detail

/// Neighbouring samples that one instruction handles: a SIMD register on a CPU, one number on a GPU.
template <class Scalar, class Space = ExecutionSpace>
using Pack = typename detail::PackOf<Scalar, is_host_space<Space>>::type;
template <class Scalar, class Space = ExecutionSpace>
inline constexpr int pack_width = detail::PackOf<Scalar, is_host_space<Space>>::width;

/// Loads from an address aligned to the pack. The names of Kokkos' own calls changed between 4.6 and 5.0;
/// only this file knows.
template <class PackType, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION PackType load(const Scalar* from) {
  if constexpr (std::is_same_v<PackType, Scalar>) {
    return *from;
  } else {
#if KOKKOS_VERSION >= 50000
    return Kokkos::Experimental::simd_unchecked_load<PackType>(from, Kokkos::Experimental::simd_flag_aligned);
#else
    PackType pack;
    pack.copy_from(from, Kokkos::Experimental::simd_flag_aligned);
    return pack;
#endif
  }
}

/// Stores to an address aligned to the pack.
template <class PackType, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void store(const PackType& pack, Scalar* to) {
  if constexpr (std::is_same_v<PackType, Scalar>) {
    *to = pack;
  } else {
#if KOKKOS_VERSION >= 50000
    Kokkos::Experimental::simd_unchecked_store(pack, to, Kokkos::Experimental::simd_flag_aligned);
#else
    pack.copy_to(to, Kokkos::Experimental::simd_flag_aligned);
#endif
  }
}

}  // namespace ebmpi::core
