// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include "statistics/anomaly.hpp"
#include "statistics/bootstrap.hpp"
#include "statistics/effective_sample_size.hpp"
#include "statistics/quantile.hpp"

using namespace ebmpi;
using statistics::bootstrap_intervals;
using statistics::DetectionIntervals;

namespace {

struct Rows {
  std::vector<double> scores;
  std::vector<std::int64_t> labels;
};

/// Scores N(1, 1) of anomalies and N(0, 1) of normal rows, rounded to multiples of `grain` if it is not 0.
Rows gaussian_scores(std::size_t anomalies, std::size_t normals, std::uint32_t seed, double grain = 0.0) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Rows rows;
  for (std::size_t i = 0; i < anomalies + normals; ++i) {
    rows.labels.push_back(i < anomalies ? 1 : 0);
    const double score = normal(engine) + static_cast<double>(rows.labels.back());
    rows.scores.push_back(grain == 0.0 ? score : grain * std::round(score / grain));
  }
  return rows;
}

/// Variance of the AUROC over samples (DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595), with the
/// divisors n of a resampled distribution: s₁²/m + s₀²/n, where s₁² and s₀² are the variances over anomalies
/// and over normal rows of the share of the other kind that scores lower, or higher.
double delong_variance(const Rows& rows) {
  std::vector<double> shares[2], scores[2];
  for (std::size_t i = 0; i < rows.scores.size(); ++i) scores[rows.labels[i]].push_back(rows.scores[i]);
  double variance = 0.0;
  for (const int kind : {0, 1}) {
    for (const double own : scores[kind]) {
      double share = 0.0;
      for (const double other : scores[1 - kind]) share += own > other ? 1.0 : own == other ? 0.5 : 0.0;
      shares[kind].push_back(share / static_cast<double>(scores[1 - kind].size()));
    }
    const auto count = static_cast<double>(scores[kind].size());
    variance += statistics::moments(shares[kind]).variance * (count - 1.0) / (count * count);
  }
  return variance;
}

/// The same with whole rows drawn by the standard library's generator.
template <class Figure>
std::vector<double> plain_replicates(const Rows& rows, int replicates, const Figure& figure) {
  const auto anomalies = static_cast<std::size_t>(std::count(rows.labels.begin(), rows.labels.end(), 1));
  std::mt19937_64 engine(99);
  std::uniform_int_distribution<std::size_t> anomaly(0, anomalies - 1),
      normal(anomalies, rows.scores.size() - 1);
  std::vector<double> result, scores(rows.scores.size());
  for (int replicate = 0; replicate < replicates; ++replicate) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = rows.scores[i < anomalies ? anomaly(engine) : normal(engine)];
    }
    result.push_back(figure(scores, rows.labels));
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// A quantile of B replicates at p has the standard error √(p(1 - p)/B)/density; near normal, at 2.5 %, that
/// is 2.67 σ/√B.
double end_error(double standard_deviation, int replicates) {
  return 2.67 * standard_deviation / std::sqrt(replicates);
}

}  // namespace

TEST_CASE("Bootstrap intervals of the AUROC have the width that DeLong's variance gives") {
  constexpr int replicates = 10000;
  const comm::Communicator self(MPI_COMM_SELF);
  for (const double grain : {0.0, 0.5}) {
    const Rows rows = gaussian_scores(250, 400, 1, grain);
    const auto [lower, upper] = bootstrap_intervals(self, rows.scores, rows.labels, 3, replicates).auroc;
    const double deviation = std::sqrt(delong_variance(rows));
    // The replicates' deviations are those of DeLong but for terms of the order 1/rows, and normal but for a
    // skewness that moves both ends the same way.
    CHECK(std::abs((upper - lower) / (2 * 1.959964 * deviation) - 1.0) <
          4.0 * std::sqrt(2.0) * end_error(1.0, replicates) / (2 * 1.959964) + 0.005);
    const double figure = statistics::auroc(rows.scores, rows.labels);
    CHECK(std::abs(0.5 * (lower + upper) - figure) < 0.15 * deviation);
  }
}

TEST_CASE("Bootstrap intervals are those of rows drawn one by one") {
  constexpr int replicates = 4000;
  const comm::Communicator self(MPI_COMM_SELF);
  for (const double grain : {0.0, 0.5}) {
    const Rows rows = gaussian_scores(30, 170, 2, grain);
    const DetectionIntervals intervals =
        bootstrap_intervals(self, rows.scores, rows.labels, 8, replicates, 0.95);
    const auto compare = [&](const statistics::Interval& interval, const auto& figure) {
      const std::vector<double> plain = plain_replicates(rows, replicates, figure);
      // Both are random, hence √2.
      const double tolerance =
          4.0 * std::sqrt(2.0) * end_error(std::sqrt(statistics::moments(plain).variance), replicates);
      CHECK(std::abs(interval.lower - statistics::sorted_quantile(plain, 0.025)) < tolerance);
      CHECK(std::abs(interval.upper - statistics::sorted_quantile(plain, 0.975)) < tolerance);
    };
    compare(intervals.auroc,
            [](const auto& scores, const auto& labels) { return statistics::auroc(scores, labels); });
    compare(intervals.average_precision, [](const auto& scores, const auto& labels) {
      return statistics::average_precision(scores, labels);
    });
  }
}

TEST_CASE("Bootstrap intervals hold the AUROC of the distributions as often as their level says") {
  // P(N(1, 1) > N(0, 1)) = Φ(1/√2). A share of 0.9 over 600 samples has the standard error 1.2 %; percentile
  // intervals of 100 rows of a kind miss their level by about 1 % (Efron and Tibshirani 1993, section 14.3).
  constexpr int samples = 600;
  const double truth = 0.5 * std::erfc(-0.5);
  const comm::Communicator self(MPI_COMM_SELF);
  int held = 0;
  for (std::uint32_t sample = 0; sample < samples; ++sample) {
    const Rows rows = gaussian_scores(100, 100, 1000 + sample);
    const auto [lower, upper] = bootstrap_intervals(self, rows.scores, rows.labels, sample, 400, 0.9).auroc;
    held += lower <= truth && truth <= upper ? 1 : 0;
  }
  CHECK(std::abs(static_cast<double>(held) / samples - 0.9) < 4.0 * 0.0122 + 0.01);
}

TEST_CASE("Bootstrap intervals of perfect, one-sided and invalid scores") {
  const comm::Communicator self(MPI_COMM_SELF);
  using Labels = std::vector<std::int64_t>;
  const std::vector<double> scores{1, 2, 3, 4};
  const DetectionIntervals perfect = bootstrap_intervals(self, scores, Labels{0, 0, 1, 1}, 1);
  for (const statistics::Interval interval : {perfect.auroc, perfect.average_precision}) {
    CHECK(interval.lower == 1.0);
    CHECK(interval.upper == 1.0);
  }
  const DetectionIntervals all_normal = bootstrap_intervals(self, scores, Labels{0, 0, 0, 0}, 1);
  CHECK(std::isnan(all_normal.auroc.lower));
  CHECK(std::isnan(all_normal.average_precision.upper));
  const DetectionIntervals no_normal = bootstrap_intervals(self, scores, Labels{1, 1, 1, 1}, 1);
  CHECK(std::isnan(no_normal.auroc.upper));
  CHECK(no_normal.average_precision.lower == 1.0);
  CHECK_THROWS_AS(bootstrap_intervals(self, scores, Labels{0, 1}, 1), std::invalid_argument);
  CHECK_THROWS_AS(bootstrap_intervals(self, scores, Labels{0, 0, 1, 1}, 1, 0), std::invalid_argument);
  CHECK_THROWS_AS(bootstrap_intervals(self, scores, Labels{0, 0, 1, 1}, 1, 10, 1.0), std::invalid_argument);
}
