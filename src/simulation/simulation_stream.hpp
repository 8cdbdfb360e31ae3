// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/random.hpp"

namespace ebmpi::simulation {

/// The random numbers of one simulation, in the order in which they are asked for: a pure function of (key,
/// number, step). Made of 32-bit words, so that an exponential number is between 1.2e-10 and 22.9.
class SimulationStream {
public:
  KOKKOS_FUNCTION SimulationStream(core::PhiloxKey key, std::int64_t number, std::uint32_t step)
      : key_(key), number_(static_cast<std::uint64_t>(number)), step_(step) {}

  /// Uniform in (0, 1).
  KOKKOS_FUNCTION double uniform() { return core::uniform<double>(next_word()); }

  /// Of mean 1.
  KOKKOS_FUNCTION double exponential() { return -Kokkos::log(uniform()); }

  /// Standard normal.
  KOKKOS_FUNCTION double normal() {
    if (has_spare_normal_) {
      has_spare_normal_ = false;
      return spare_normal_;
    }
    const std::uint32_t bits0 = next_word();
    const std::uint32_t bits1 = next_word();
    double first = 0.0;
    core::normal_pair(bits0, bits1, first, spare_normal_);
    has_spare_normal_ = true;
    return first;
  }

private:
  KOKKOS_FUNCTION std::uint32_t next_word() {
    const std::uint32_t position = words_used_++ % 4;
    if (position == 0) block_ = core::draw(key_, number_, step_, blocks_used_++);
    return block_.word[position];
  }

  core::PhiloxKey key_;
  std::uint64_t number_;
  std::uint32_t step_;
  core::PhiloxBlock block_{};
  std::uint32_t words_used_ = 0;
  std::uint32_t blocks_used_ = 0;
  double spare_normal_ = 0.0;
  bool has_spare_normal_ = false;
};

}  // namespace ebmpi::simulation
