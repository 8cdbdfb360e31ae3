// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ebmpi::statistics {

/// How many rows have one and the same score. Measures of detection depend on nothing else than the list of
/// these from the highest score down.
struct Tie {
  std::int64_t anomalies = 0;
  std::int64_t normals = 0;
};

/// From the highest score down; a label of 0 is normal. Throws std::invalid_argument where the lengths
/// differ.
std::vector<Tie> tied_scores(std::span<const double> scores, std::span<const std::int64_t> labels);

/// What `auroc` of anomaly.hpp says; ties without rows change nothing. O(ties).
double auroc(std::span<const Tie> ties);

/// What `average_precision` of anomaly.hpp says; ties without rows change nothing. O(ties).
double average_precision(std::span<const Tie> ties);

}  // namespace ebmpi::statistics
