// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/random.hpp"

namespace ebmpi::data {

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
