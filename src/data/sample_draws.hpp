// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/random.hpp"

namespace ebmpi::data {

/// The random numbers of one synthetic sample, in the order in which they are asked for: a pure function of
/// (key, index).
class SampleDraws {
public:
  SampleDraws(core::PhiloxKey key, std::uint64_t index) : key_(key), index_(index) {}

  /// Uniform in (0, 1).
  double uniform() { return core::uniform<double>(next_word()); }

  /// Uniform in {0, …, n - 1}.
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(uniform() * static_cast<double>(n)); }

  /// Standard normal.
  double normal() {
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
  std::uint32_t next_word() {
    const std::uint32_t position = words_used_++ % 4;
    if (position == 0) block_ = core::draw(key_, index_, 0, blocks_used_++);
    return block_.word[position];
  }

  core::PhiloxKey key_;
  std::uint64_t index_;
  core::PhiloxBlock block_{};
  std::uint32_t words_used_ = 0;
  std::uint32_t blocks_used_ = 0;
  double spare_normal_ = 0.0;
  bool has_spare_normal_ = false;
};

}  // namespace ebmpi::data
