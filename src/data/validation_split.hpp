// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/random.hpp"

namespace ebmpi::data {

/// Whether `rows` rows are more than the `window` that may be in memory, so that training streams them; a
/// window of 0 is all rows.
inline bool is_streamed(std::int64_t window, std::int64_t rows) {
  return window > 0 && rows > window;
}

/// The rows that a streamed run holds out, which stay in memory, are about this many at most.
inline constexpr std::int64_t most_rows_held_out = 65536;

/// The share of `rows` rows that a run holds out, where its config says `fraction`.
inline double held_out_fraction(double fraction, std::int64_t window, std::int64_t rows) {
  if (!is_streamed(window, rows)) return fraction;
  return std::min(fraction, static_cast<double>(most_rows_held_out) / static_cast<double>(rows));
}

/// Which rows of a data set a run holds out of its training: a pure function of (seed, row number), so that
/// it can be asked again of a trained model.
class ValidationSplit {
public:
  /// `fraction` of the rows are held out; 0 <= fraction < 1.
  ValidationSplit(std::uint64_t seed, double fraction)
      : key_(core::stream_key(seed, core::Purpose::validation_split)), fraction_(fraction) {}

  bool operator()(std::int64_t row) const {
    const core::PhiloxBlock bits = core::draw(key_, static_cast<std::uint64_t>(row), 0, 0);
    return core::uniform<double>(bits.word[0]) < fraction_;
  }

private:
  core::PhiloxKey key_;
  double fraction_;
};

}  // namespace ebmpi::data
