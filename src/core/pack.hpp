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

/// The compiler's own vectors, of the 16 bytes that every 64-bit processor has: for instruction sets that
/// Kokkos knows no SIMD type of, such as baseline x86-64.
#if defined(__GNUC__) && !defined(__CUDACC__) && !defined(__HIPCC__)
inline constexpr bool has_plain_vectors = true;
namespace detail {
struct FloatRegister {
  typedef float type __attribute__((vector_size(16), may_alias));
};
struct DoubleRegister {
  typedef double type __attribute__((vector_size(16), may_alias));
};
}  // namespace detail
template <class Scalar>
class PlainVector {
public:
  using Register =
      typename std::conditional_t<sizeof(Scalar) == 4, detail::FloatRegister, detail::DoubleRegister>::type;

  PlainVector() = default;
  explicit PlainVector(Scalar value) : register_(Register{} + value) {}
  explicit PlainVector(Register value) : register_(value) {}
  Register value() const { return register_; }

  friend PlainVector operator+(PlainVector a, PlainVector b) {
    return PlainVector(a.register_ + b.register_);
  }
  friend PlainVector operator*(PlainVector a, PlainVector b) {
    return PlainVector(a.register_ * b.register_);
  }

private:
  Register register_;
};
#else
inline constexpr bool has_plain_vectors = false;
template <class Scalar>
class PlainVector {};
#endif

namespace detail {
template <class Pack>
inline constexpr bool is_plain_vector = false;
template <class Scalar>
inline constexpr bool is_plain_vector<PlainVector<Scalar>> = true;

template <class Scalar, bool on_host>
struct PackOf {
  using type = Scalar;
  static constexpr int width = 1;
};
template <class Scalar>
struct PackOf<Scalar, true> {
  using Simd = Kokkos::Experimental::simd<Scalar>;
  static constexpr bool is_plain = Simd::size() == 1 && has_plain_vectors;
  using type = std::conditional_t<is_plain, PlainVector<Scalar>, Simd>;
  static constexpr int width =
      is_plain ? 16 / static_cast<int>(sizeof(Scalar)) : static_cast<int>(Simd::size());
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
  } else if constexpr (detail::is_plain_vector<PackType>) {
    return PackType(*reinterpret_cast<const typename PackType::Register*>(from));
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
  } else if constexpr (detail::is_plain_vector<PackType>) {
    *reinterpret_cast<typename PackType::Register*>(to) = pack.value();
  } else {
#if KOKKOS_VERSION >= 50000
    Kokkos::Experimental::simd_unchecked_store(pack, to, Kokkos::Experimental::simd_flag_aligned);
#else
    pack.copy_to(to, Kokkos::Experimental::simd_flag_aligned);
#endif
  }
}

/// a·b + c, in one instruction where there is one.
template <class PackType>
KOKKOS_FORCEINLINE_FUNCTION PackType multiply_add(const PackType& a, const PackType& b, const PackType& c) {
  if constexpr (detail::is_plain_vector<PackType>) {
    return a * b + c;
  } else {
    return Kokkos::fma(a, b, c);
  }
}

}  // namespace ebmpi::core
