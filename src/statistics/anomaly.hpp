// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ebmpi::statistics {

// How well scores, high for anomalies, tell anomalies from normal rows. A label of 0 is normal, any other an
// anomaly. Scores are finite.

/// Area under the receiver operating characteristic: the chance that an anomaly scores higher than a normal
/// row, equal scores counted by half (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747). O(n log
/// n). NaN where one of the two classes is missing. Throws std::invalid_argument where the lengths differ.
double auroc(std::span<const double> scores, std::span<const std::int64_t> labels);

/// Average precision Σ_k (R_k - R_{k-1}) P_k over the distinct scores from the highest down, R_k and P_k the
/// recall and the precision of flagging all that score at least as high; no interpolation. NaN where there is
/// no anomaly. Throws std::invalid_argument where the lengths differ.
double average_precision(std::span<const double> scores, std::span<const std::int64_t> labels);

/// What held-out normal rows say about the scores of others. For a normal row that is exchangeable with them,
/// P(p <= α) <= α for every α, whatever the energy is worth (Vovk, Gammerman and Shafer 2005,
/// doi:10.1007/b106715).
class NormalScores {
public:
  /// Throws std::invalid_argument where there are none.
  explicit NormalScores(std::vector<double> scores);

  std::int64_t count() const { return static_cast<std::int64_t>(sorted_.size()); }

  /// p = (1 + #{normal scores >= score}) / (n + 1), in [1/(n+1), 1].
  double p_value(double score) const;

  /// The smallest false-alarm rate that n normal rows can promise, 1/(n + 1).
  double smallest_rate() const { return 1.0 / (static_cast<double>(count()) + 1.0); }

  /// The score above which, and only above which, p <= `rate`; `rate` in [smallest_rate(), 1). Throws
  /// std::invalid_argument outside it.
  double threshold(double rate) const;

private:
  std::vector<double> sorted_;  // ascending
};

}  // namespace ebmpi::statistics
