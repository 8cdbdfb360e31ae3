// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_BitManipulation.hpp>
#include <Kokkos_Core.hpp>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "core/tile.hpp"

namespace ebmpi::core {

/// The bits of |value| as an unsigned integer. They order like the magnitudes, Inf above every number and NaN
/// above Inf, so that a maximum over them is exact, associative and loses no NaN.
template <class Scalar>
KOKKOS_FORCEINLINE_FUNCTION auto magnitude_bits(Scalar value) {
  using Bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  return static_cast<Bits>(Kokkos::bit_cast<Bits>(value) << 1 >> 1);
}

/// magnitude_bits of the same number in double precision, given those in `Scalar`.
template <class Scalar, class Bits>
KOKKOS_FORCEINLINE_FUNCTION std::int64_t widen_magnitude(Bits bits) {
  return Kokkos::bit_cast<std::int64_t>(static_cast<double>(Kokkos::bit_cast<Scalar>(bits)));
}

/// Whom workers tell, on a CPU, that they will add nothing more to a slot: then its sum can be sent to other
/// ranks while the rest is computed. A function pointer, because device code may not call virtual members of
/// the host.
struct SlotListener {
  void (*hear)(void* self, int slot) = nullptr;
  void* self = nullptr;
};

/// The handle that kernels add with. A *slot* is a tensor or a single number with a power-of-two scale of its
/// own; every block of samples adds round(value · scale) to 64-bit integers, so that any order of additions
/// gives the same bits. On a CPU each worker (team) adds to its own copy; on a GPU all teams add atomically
/// to one.
struct FixedPointAdder {
  static constexpr bool own_copies = is_host_space<ExecutionSpace>;

  std::int64_t* sums = nullptr;    // (workers, values)
  std::int64_t* peaks = nullptr;   // (workers, slots), magnitude_bits of the largest addend, as double
  const double* scales = nullptr;  // (slots)
  std::int64_t values = 0;
  int slots = 0;
  SlotListener listener = {};

  /// How many of `workers` have any of `blocks` to add.
  static constexpr int busy_workers(int workers, std::int64_t blocks) {
    return static_cast<int>(own_copies && workers < blocks ? workers : blocks);
  }

  /// To be called by each busy worker once, after its last addend to `slot`.
  KOKKOS_FORCEINLINE_FUNCTION void finish(int slot) const {
    if constexpr (own_copies) {
      if (listener.hear) listener.hear(listener.self, slot);
    }
  }

  /// Adds `count` neighbours, from `from` to position `index` on; `peak` is raised to the largest
  /// magnitude_bits met.
  template <class Scalar, class Bits>
  KOKKOS_FORCEINLINE_FUNCTION void add_row(int worker, int slot, std::int64_t index, const Scalar* from,
                                           int count, Bits& peak) const {
    const double scale = scales[slot];
    Bits highest = peak;
    if constexpr (own_copies) {
      std::int64_t* const destination = sums + worker * values + index;
#pragma omp simd reduction(max : highest)
      for (int i = 0; i < count; ++i) {
        // Unsigned, because an addend too large for its scale may wrap around; `judge` then discards the sum.
        const auto addend =
            static_cast<std::int64_t>(Kokkos::nearbyint(static_cast<double>(from[i]) * scale));
        destination[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(destination[i]) +
                                                   static_cast<std::uint64_t>(addend));
        const Bits bits = magnitude_bits(from[i]);
        highest = bits > highest ? bits : highest;
      }
    } else {
      for (int i = 0; i < count; ++i) {
        Kokkos::atomic_add(&sums[index + i], static_cast<std::int64_t>(
                                                 Kokkos::nearbyint(static_cast<double>(from[i]) * scale)));
        const Bits bits = magnitude_bits(from[i]);
        highest = bits > highest ? bits : highest;
      }
    }
    peak = highest;
  }

  /// Adds one number at position `index`.
  template <class Scalar>
  KOKKOS_FORCEINLINE_FUNCTION void add(int worker, int slot, std::int64_t index, Scalar value) const {
    auto peak = magnitude_bits(Scalar(0));
    add_row(worker, slot, index, &value, 1, peak);
    note_peak<Scalar>(worker, slot, peak);
  }

  template <class Scalar, class Bits>
  KOKKOS_FORCEINLINE_FUNCTION void note_peak(int worker, int slot, Bits bits) const {
    const std::int64_t wide = widen_magnitude<Scalar>(bits);
    if constexpr (own_copies) {
      std::int64_t& peak = peaks[static_cast<std::int64_t>(worker) * slots + slot];
      peak = wide > peak ? wide : peak;
    } else {
      // All blocks meet here, and few of them raise the peak.
      if (wide > Kokkos::atomic_load(&peaks[slot])) Kokkos::atomic_max(&peaks[slot], wide);
    }
  }
};

/// Where a sum is for whoever adds up those of several ranks: on a GPU in page-locked memory of the host, or
/// left in the device's. On a CPU both are the same.
enum class SumPlace { host, device };

/// Sums of many blocks whose bits do not depend on the order of the blocks, the threads or the ranks: 64-bit
/// fixed point with a power-of-two scale for each slot. The scale follows the largest addend of the previous
/// use with headroom; where an addend does not fit, `judge` says so and the sum is to be repeated with the
/// scale that it has then set.
class FixedPointSum {
public:
  enum class Verdict { good, repeat, not_finite };

  /// `slot_sizes`: numbers in each slot. `workers`: teams that add at the same time.
  FixedPointSum(const std::vector<std::int64_t>& slot_sizes, int workers, SumPlace place = SumPlace::host);

  int workers() const { return workers_; }
  int slots() const { return static_cast<int>(slot_first_.size()) - 1; }
  std::int64_t values() const { return slot_first_.back(); }
  std::int64_t slot_first(int slot) const { return slot_first_[slot]; }
  FixedPointAdder adder() const;

  /// Forgets all addends.
  void clear();
  /// Adds up the workers' copies; afterwards `sums` and `peaks` may be reduced over ranks (sum and maximum).
  void collect();
  /// The same in parts: the sums of the slots from `first_slot` to before `last_slot`, which the calling
  /// thread may add up, on a CPU, while workers are still busy with others; and the peaks.
  void collect_slots(int first_slot, int last_slot);
  void collect_peaks();
  /// In the memory that the constructor was told.
  std::span<std::int64_t> sums();
  std::span<std::int64_t> sums_of_slots(int first_slot, int last_slot);
  std::span<std::int64_t> peaks();

  /// Looks at the reduced peaks. `good`: the sums are exact, and the scales are set for the next use.
  /// `repeat`: the scales were too fine or never calibrated; they are set anew. `blocks` is the number of
  /// addends to each value over all ranks.
  Verdict judge(std::int64_t blocks);

  /// One value of the reduced sums, valid until the next `judge`.
  double value(std::int64_t index) const;
  /// result[i] = sum of value i / divisor, for the first `count` values.
  template <class Scalar>
  void quotient(double divisor, std::int64_t count, const Kokkos::View<Scalar*, MemorySpace>& result) const;

  /// log2 of the scales, part of a checkpoint. `uncalibrated` marks a slot that was never used.
  static constexpr std::int64_t uncalibrated = INT64_MIN;
  const std::vector<std::int64_t>& exponents() const { return exponents_; }
  void set_exponents(const std::vector<std::int64_t>& exponents);

private:
  /// Page-locked where there is a device, which then copies at full speed.
  using HostView = Kokkos::View<std::int64_t*, Kokkos::SharedHostPinnedSpace>;

  void upload_scales();

  int workers_;
  bool stays_on_device_;                  // the totals, while ranks add them up
  std::vector<std::int64_t> slot_first_;  // (slots + 1)
  std::vector<std::int64_t> exponents_;   // (slots), for the next use
  std::vector<std::int64_t> used_exponents_;
  Kokkos::View<std::int64_t**, Kokkos::LayoutRight, MemorySpace> sums_;   // (workers, values)
  Kokkos::View<std::int64_t**, Kokkos::LayoutRight, MemorySpace> peaks_;  // (workers, slots)
  Kokkos::View<std::int64_t*, MemorySpace> total_;                        // (values)
  Kokkos::View<std::int64_t*, MemorySpace> top_;                          // (slots)
  Kokkos::View<int*, MemorySpace> slot_of_;                               // (values)
  Kokkos::View<double*, MemorySpace> scales_;                             // (slots)
  Kokkos::View<double*, MemorySpace> used_scales_;                        // (slots)
  HostView total_host_, top_host_;  // on a CPU the same memory as total_ and top_
};

}  // namespace ebmpi::core
