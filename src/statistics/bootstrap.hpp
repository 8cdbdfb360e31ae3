// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "comm/communicator.hpp"

namespace ebmpi::statistics {

struct Interval {
  double lower = 0.0;
  double upper = 0.0;
};

struct DetectionIntervals {
  Interval auroc;
  Interval average_precision;
};

/// Percentile intervals of the two figures of anomaly.hpp (Efron and Tibshirani 1993, An Introduction to the
/// Bootstrap, chapter 13): the `level` of the replicates in the middle, each of which draws as many anomalies
/// from the anomalies and as many normal rows from the normal rows as there are, with replacement. The
/// intervals tell how far other rows of the same two kinds would move the figures, the model held fixed.
///
/// Collective, every rank with the same arguments: the ranks share the replicates, and the result, on every
/// rank, does not depend on their number. O(n) for each replicate. There are fewer than 2³² `scores`, all
/// finite; a label of 0 is normal; replicates >= 1, level in (0, 1). Where a figure is NaN, so is its
/// interval. Throws std::invalid_argument where the lengths differ and for values outside these ranges.
DetectionIntervals bootstrap_intervals(const comm::Communicator& communicator, std::span<const double> scores,
                                       std::span<const std::int64_t> labels, std::uint64_t seed,
                                       int replicates = 1000, double level = 0.95);

}  // namespace ebmpi::statistics
