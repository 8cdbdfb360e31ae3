// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "comm/communicator.hpp"
#include "io/file_writer.hpp"
#include "statistics/anomaly.hpp"
#include "statistics/bootstrap.hpp"

namespace ebmpi::cli {

/// What one false-alarm rate comes to.
struct Alarm {
  double rate = 0.0;
  double threshold = 0.0;  ///< rows that score higher are flagged
  std::int64_t flagged = 0;
  double true_positive_rate = 0.0;   ///< with labels: of the anomalies, the share that is flagged
  double false_positive_rate = 0.0;  ///< with labels: of the others; NaN where there are none
};

/// How well the scores tell the labelled anomalies from the others. NaN where a class is missing.
struct Detection {
  std::int64_t anomalies = 0;
  double auroc = 0.0, average_precision = 0.0;
  std::optional<statistics::DetectionIntervals> intervals = {};
};

/// The tested rows of all ranks.
struct Verdict {
  std::string score_kind;
  std::vector<double> normal_scores;                // (n)
  std::vector<double> scores, p_values;             // (N)
  std::optional<std::vector<std::int64_t>> labels;  // (N)
  std::vector<Alarm> alarms;                        // one for each rate; at least one
  std::optional<Detection> detection;               // with labels
  std::vector<std::int64_t> top;                    // rows of the highest scores, from the highest down
};

/// The numbers of the `count` rows with the highest scores, or of all; of equal scores, the earlier row
/// first.
std::vector<std::int64_t> highest_rows(const std::vector<double>& scores, std::int64_t count);

/// Flags the rows of a verdict with scores, and labels where it has any, at a false-alarm rate.
Alarm raise_alarm(const statistics::NormalScores& normal, const Verdict& verdict, double rate);

/// For programs, or for people.
enum class Reader { program, person };

Json summary(const Verdict& verdict, Reader reader);

/// Collective. Every rank has the same verdict.
void write_verdict(const comm::Communicator& communicator, io::FileWriter& file, const Verdict& verdict);

}  // namespace ebmpi::cli
