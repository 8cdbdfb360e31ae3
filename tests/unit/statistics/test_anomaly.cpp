// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include "statistics/anomaly.hpp"

using Catch::Approx;
using ebmpi::statistics::auroc;
using ebmpi::statistics::average_precision;
using ebmpi::statistics::NormalScores;

namespace {

using Labels = std::vector<std::int64_t>;
using Scores = std::vector<double>;

/// Over all pairs, as the definition has it.
double auroc_by_pairs(const Scores& scores, const Labels& labels) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] == 0 || labels[j] != 0) continue;
      pairs += 1;
      wins += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
    }
  }
  return wins / pairs;
}

/// Recall and precision counted anew at every distinct score.
double average_precision_by_counting(const Scores& scores, const Labels& labels) {
  Scores distinct = scores;
  std::sort(distinct.rbegin(), distinct.rend());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto anomalies = static_cast<double>(labels.size() - std::count(labels.begin(), labels.end(), 0));
  double sum = 0, recall_before = 0;
  for (const double threshold : distinct) {
    double hits = 0, flagged = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (scores[i] < threshold) continue;
      flagged += 1;
      hits += labels[i] != 0 ? 1 : 0;
    }
    sum += (hits / anomalies - recall_before) * (hits / flagged);
    recall_before = hits / anomalies;
  }
  return sum;
}

}  // namespace

TEST_CASE("The example in scikit-learn's documentation of roc_auc_score and average_precision_score") {
  const Scores scores{0.1, 0.4, 0.35, 0.8};
  const Labels labels{0, 0, 1, 1};
  CHECK(auroc(scores, labels) == 0.75);
  CHECK(average_precision(scores, labels) == Approx(5.0 / 6.0).epsilon(1e-15));  // documented as 0.83
}

TEST_CASE("Ties count by half in the AUROC and are flagged together in the average precision") {
  CHECK(auroc(Scores{1, 1, 1, 1}, Labels{0, 1, 0, 1}) == 0.5);
  CHECK(average_precision(Scores{1, 1, 1, 1}, Labels{0, 1, 0, 0}) == 0.25);
  // Pairs: 3 > 1, 3 > 2, 2 > 1, 2 = 2, so 3.5 of 4; precision 1 at recall 1/2, then 2/3 at recall 1.
  CHECK(auroc(Scores{1, 2, 2, 3}, Labels{0, 0, 1, 1}) == 0.875);
  CHECK(average_precision(Scores{1, 2, 2, 3}, Labels{0, 0, 1, 1}) == Approx(5.0 / 6.0).epsilon(1e-15));
}

TEST_CASE("Perfect, reversed and one-sided scores") {
  CHECK(auroc(Scores{1, 2, 3, 4}, Labels{0, 0, 7, -1}) == 1.0);
  CHECK(average_precision(Scores{1, 2, 3, 4}, Labels{0, 0, 7, -1}) == 1.0);
  CHECK(auroc(Scores{4, 3, 2, 1}, Labels{0, 0, 1, 1}) == 0.0);
  CHECK(std::isnan(auroc(Scores{1, 2}, Labels{1, 1})));
  CHECK(std::isnan(auroc(Scores{1, 2}, Labels{0, 0})));
  CHECK(average_precision(Scores{1, 2}, Labels{1, 1}) == 1.0);
  CHECK(std::isnan(average_precision(Scores{1, 2}, Labels{0, 0})));
  CHECK_THROWS_AS(auroc(Scores{1, 2}, Labels{1}), std::invalid_argument);
}

TEST_CASE("Many tied scores agree with counting all pairs and all thresholds") {
  std::mt19937 engine(7);
  for (int round = 0; round < 20; ++round) {
    Scores scores;
    Labels labels{0, 1};
    for (int i = 0; i < 60; ++i) {
      if (i >= 2) labels.push_back(engine() % 3 == 0 ? 1 : 0);
      scores.push_back(static_cast<double>(engine() % 12) + 2.0 * static_cast<double>(labels[i]));
    }
    CHECK(auroc(scores, labels) == Approx(auroc_by_pairs(scores, labels)).epsilon(1e-13));
    CHECK(average_precision(scores, labels) ==
          Approx(average_precision_by_counting(scores, labels)).epsilon(1e-13));
  }
}

TEST_CASE("An empirical p-value counts the normal scores that are not below") {
  const NormalScores normal({3, 1, 2, 2});
  CHECK(normal.p_value(4) == 0.2);
  CHECK(normal.p_value(3) == 0.4);
  CHECK(normal.p_value(2.5) == 0.4);
  CHECK(normal.p_value(2) == 0.8);
  CHECK(normal.p_value(0) == 1.0);
  CHECK_THROWS_AS(NormalScores({}), std::invalid_argument);
}

TEST_CASE("p-values of normal rows are uniform") {
  // Of n + 1 exchangeable scores without ties each rank is equally likely, so over all choices of the one
  // that is tested the p-values are exactly 1/(n+1), 2/(n+1), …, 1.
  std::mt19937 engine(3);
  std::normal_distribution<double> distribution;
  Scores all(100);
  for (double& score : all) score = distribution(engine);
  Scores p_values;
  for (std::size_t tested = 0; tested < all.size(); ++tested) {
    Scores others = all;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(tested));
    p_values.push_back(NormalScores(others).p_value(all[tested]));
  }
  std::sort(p_values.begin(), p_values.end());
  for (std::size_t i = 0; i < p_values.size(); ++i) CHECK(p_values[i] == static_cast<double>(i + 1) / 100.0);
}

TEST_CASE("A score is above the threshold of a rate exactly where its p-value is within the rate") {
  Scores scores;
  for (int i = 0; i < 99; ++i) scores.push_back(i);
  const NormalScores normal(scores);
  CHECK(normal.threshold(0.01) == 98);
  CHECK(normal.threshold(0.05) == 94);
  CHECK(normal.threshold(0.99) == 0);
  for (int percent = 1; percent < 100; ++percent) {  // 0.29 · 100 is below 29 in floating point
    const double rate = percent / 100.0;
    const double threshold = normal.threshold(rate);
    for (int half = -1; half < 200; ++half) {
      const double score = 0.5 * half;
      REQUIRE((score > threshold) == (normal.p_value(score) <= rate));
    }
  }
  CHECK(normal.smallest_rate() == 0.01);
  CHECK_THROWS_AS(normal.threshold(0.0099), std::invalid_argument);
  CHECK_THROWS_AS(normal.threshold(1.0), std::invalid_argument);
}

TEST_CASE("The threshold of tied normal scores flags no more than the rate") {
  const NormalScores normal({1, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(normal.threshold(0.5) == 1);
  CHECK(normal.p_value(1) == 1.0);
  CHECK(normal.p_value(1.5) == 0.1);
}
