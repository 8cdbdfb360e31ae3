// SPDX-License-Identifier: Apache-2.0
#include "core/fixed_point.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace ebmpi::core {
namespace {

/// Bits of a sum that hold its value; the others are the sign and a guard for rounding.
constexpr std::int64_t sum_bits = 61;
/// How many powers of two an addend may grow from one use to the next without a repeat.
constexpr std::int64_t headroom_bits = 10;
/// Scales stay powers of two that a double holds.
constexpr std::int64_t exponent_limit = 1000;

/// Smallest k with |value| <= 2^k.
std::int64_t ceil_log2(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return mantissa == 0.5 ? exponent - 1 : exponent;
}

double magnitude_from_bits(std::int64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// `view` itself where the host can work with it, else as much page-locked memory.
template <class View>
Kokkos::View<std::int64_t*, Kokkos::SharedHostPinnedSpace> host_side_of(const View& view) {
  if constexpr (FixedPointAdder::own_copies) {
    return view;
  } else {
    return Kokkos::View<std::int64_t*, Kokkos::SharedHostPinnedSpace>(view.label() + "_host", view.extent(0));
  }
}

}  // namespace

FixedPointSum::FixedPointSum(const std::vector<std::int64_t>& slot_sizes, int workers, SumPlace place)
    : workers_(FixedPointAdder::own_copies ? workers : 1),
      stays_on_device_(!FixedPointAdder::own_copies && place == SumPlace::device),
      slot_first_(1, 0) {
  for (const std::int64_t size : slot_sizes) slot_first_.push_back(slot_first_.back() + size);
  exponents_.assign(slot_sizes.size(), uncalibrated);
  used_exponents_ = exponents_;
  sums_ = decltype(sums_)("ebmpi::core::fixed_point_sums", static_cast<std::size_t>(workers_),
                          static_cast<std::size_t>(values()));
  peaks_ = decltype(peaks_)("ebmpi::core::fixed_point_peaks", static_cast<std::size_t>(workers_),
                            slot_sizes.size());
  total_ = decltype(total_)("ebmpi::core::fixed_point_total", values());
  top_ = decltype(top_)("ebmpi::core::fixed_point_top", slot_sizes.size());
  slot_of_ = decltype(slot_of_)("ebmpi::core::fixed_point_slot_of", values());
  scales_ = decltype(scales_)("ebmpi::core::fixed_point_scales", slot_sizes.size());
  used_scales_ = decltype(used_scales_)("ebmpi::core::fixed_point_used_scales", slot_sizes.size());
  total_host_ = host_side_of(total_);
  top_host_ = host_side_of(top_);
  const auto slot_of_host = Kokkos::create_mirror_view(slot_of_);
  for (int slot = 0; slot < slots(); ++slot) {
    for (std::int64_t i = slot_first_[slot]; i < slot_first_[slot + 1]; ++i) slot_of_host(i) = slot;
  }
  Kokkos::deep_copy(slot_of_, slot_of_host);
  upload_scales();
}

FixedPointAdder FixedPointSum::adder() const {
  return {sums_.data(), peaks_.data(), scales_.data(), values(), slots(), {}};
}

void FixedPointSum::clear() {
  Kokkos::deep_copy(ExecutionSpace(), sums_, 0);
  Kokkos::deep_copy(ExecutionSpace(), peaks_, 0);
}

void FixedPointSum::collect() {
  const auto sums = sums_;
  const auto total = total_;
  const int workers = workers_;
  const Kokkos::RangePolicy<ExecutionSpace> all_values(0, values());
  Kokkos::parallel_for(
      "ebmpi::core::collect_sums", all_values, KOKKOS_LAMBDA(std::int64_t i) {
        std::uint64_t sum = 0;
        for (int worker = 0; worker < workers; ++worker) sum += static_cast<std::uint64_t>(sums(worker, i));
        total(i) = static_cast<std::int64_t>(sum);
      });
  collect_peaks();
  if (!stays_on_device_) Kokkos::deep_copy(total_host_, total_);
}

void FixedPointSum::collect_slots(int first_slot, int last_slot) {
  const std::int64_t first = slot_first_[first_slot], last = slot_first_[last_slot];
  if constexpr (FixedPointAdder::own_copies) {
    const std::int64_t* const own = sums_.data();
    std::int64_t* const total = total_host_.data();
    const std::int64_t stride = values();
    for (std::int64_t i = first; i < last; ++i) {
      auto sum = static_cast<std::uint64_t>(own[i]);
      for (int worker = 1; worker < workers_; ++worker)
        sum += static_cast<std::uint64_t>(own[worker * stride + i]);
      total[i] = static_cast<std::int64_t>(sum);
    }
  } else {
    const std::pair<std::int64_t, std::int64_t> range(first, last);
    const auto own = Kokkos::subview(sums_, 0, range);
    if (stays_on_device_) {
      Kokkos::deep_copy(Kokkos::subview(total_, range), own);
    } else {
      Kokkos::deep_copy(Kokkos::subview(total_host_, range), own);
    }
  }
}

void FixedPointSum::collect_peaks() {
  const auto peaks = peaks_;
  const auto top = top_;
  const int workers = workers_;
  const Kokkos::RangePolicy<ExecutionSpace> all_slots(0, slots());
  Kokkos::parallel_for(
      "ebmpi::core::collect_peaks", all_slots, KOKKOS_LAMBDA(std::int64_t slot) {
        std::int64_t peak = 0;
        for (int worker = 0; worker < workers; ++worker)
          peak = peaks(worker, slot) > peak ? peaks(worker, slot) : peak;
        top(slot) = peak;
      });
  Kokkos::fence("ebmpi::core::collect");
  Kokkos::deep_copy(top_host_, top_);
}

std::span<std::int64_t> FixedPointSum::sums() {
  return {stays_on_device_ ? total_.data() : total_host_.data(), total_.size()};
}
std::span<std::int64_t> FixedPointSum::sums_of_slots(int first_slot, int last_slot) {
  const std::int64_t first = slot_first_[first_slot];
  return sums().subspan(static_cast<std::size_t>(first),
                        static_cast<std::size_t>(slot_first_[last_slot] - first));
}
std::span<std::int64_t> FixedPointSum::peaks() {
  return {top_host_.data(), top_host_.size()};
}

FixedPointSum::Verdict FixedPointSum::judge(std::int64_t blocks) {
  const std::int64_t block_bits = ceil_log2(static_cast<double>(std::max<std::int64_t>(blocks, 1)));
  Verdict verdict = Verdict::good;
  used_exponents_ = exponents_;
  // All slots are looked at before any scale changes: after `not_finite` the scales are still those in use.
  for (int slot = 0; slot < slots(); ++slot) {
    if (!std::isfinite(magnitude_from_bits(top_host_(slot)))) return Verdict::not_finite;
  }
  for (int slot = 0; slot < slots(); ++slot) {
    const double peak = magnitude_from_bits(top_host_(slot));
    if (peak == 0.0) continue;  // adds nothing at any scale
    const std::int64_t needed = ceil_log2(peak) + block_bits;
    if (used_exponents_[slot] == uncalibrated || used_exponents_[slot] + needed > sum_bits)
      verdict = Verdict::repeat;
    exponents_[slot] = std::clamp(sum_bits - headroom_bits - needed, -exponent_limit, exponent_limit);
  }
  if (verdict == Verdict::good) Kokkos::deep_copy(used_scales_, scales_);
  upload_scales();
  return verdict;
}

double FixedPointSum::value(std::int64_t index) const {
  const auto slot = std::upper_bound(slot_first_.begin(), slot_first_.end(), index) - slot_first_.begin() - 1;
  const std::int64_t exponent = used_exponents_[slot] == uncalibrated ? 0 : used_exponents_[slot];
  if (stays_on_device_)
    Kokkos::deep_copy(Kokkos::subview(total_host_, index), Kokkos::subview(total_, index));
  return std::ldexp(static_cast<double>(total_host_(index)), static_cast<int>(-exponent));
}

template <class Scalar>
void FixedPointSum::quotient(double divisor, std::int64_t count,
                             const Kokkos::View<Scalar*, MemorySpace>& result) const {
  if (!stays_on_device_) Kokkos::deep_copy(total_, total_host_);
  const auto total = total_;
  const auto scales = used_scales_;
  const auto slot_of = slot_of_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, count);
  Kokkos::parallel_for(
      "ebmpi::core::quotient", policy, KOKKOS_LAMBDA(std::int64_t i) {
        result(i) = static_cast<Scalar>(static_cast<double>(total(i)) / scales(slot_of(i)) / divisor);
      });
}

template void FixedPointSum::quotient(double, std::int64_t, const Kokkos::View<float*, MemorySpace>&) const;
template void FixedPointSum::quotient(double, std::int64_t, const Kokkos::View<double*, MemorySpace>&) const;

void FixedPointSum::set_exponents(const std::vector<std::int64_t>& exponents) {
  exponents_ = exponents;
  upload_scales();
}

void FixedPointSum::upload_scales() {
  const auto scales_host = Kokkos::create_mirror_view(scales_);
  for (int slot = 0; slot < slots(); ++slot) {
    const std::int64_t exponent = exponents_[slot] == uncalibrated ? 0 : exponents_[slot];
    scales_host(slot) = std::ldexp(1.0, static_cast<int>(exponent));
  }
  Kokkos::deep_copy(scales_, scales_host);
}

}  // namespace ebmpi::core
