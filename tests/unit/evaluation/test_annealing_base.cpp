// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealing_base.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "evaluation/annealing_pilot.hpp"

using namespace ebmpi;
using evaluation::fit_annealing_base;

namespace {

/// Rows (N, 2) of (1 + 2 a, -1 + a + b) with standard normal a and b.
std::vector<double> correlated_rows(std::size_t count) {
  std::vector<double> rows;
  const core::PhiloxKey key = core::stream_key(3, core::Purpose::sample_start);
  for (std::size_t i = 0; i < count; ++i) {
    const core::PhiloxBlock bits = core::draw(key, i, 0, 0);
    double a, b;
    core::normal_pair(bits.word[0], bits.word[1], a, b);
    rows.insert(rows.end(), {1.0 + 2.0 * a, -1.0 + a + b});
  }
  return rows;
}

/// Mean and covariance (2, 2) of rows (N, 2), one after another.
std::vector<double> moments_of(const std::vector<double>& rows) {
  const auto count = static_cast<double>(rows.size() / 2);
  std::vector<double> m(6, 0.0);
  for (std::size_t i = 0; i < rows.size(); ++i) m[i % 2] += rows[i] / count;
  for (std::size_t i = 0; i < rows.size(); i += 2) {
    for (std::size_t j = 0; j < 4; ++j)
      m[2 + j] += (rows[i + j / 2] - m[j / 2]) * (rows[i + j % 2] - m[j % 2]) / count;
  }
  return m;
}

}  // namespace

TEST_CASE("the rows are white as the base sees them", "[evaluation][annealing]") {
  const std::vector<double> rows = correlated_rows(500);
  const auto base = fit_annealing_base(rows, 2);
  CHECK(base.kind == "full");
  const std::vector<double> white = moments_of(evaluation::map_rows(base.from_model, rows));
  const std::vector<double> expected{0, 0, 1, 0, 0, 1};
  for (std::size_t i = 0; i < white.size(); ++i) CHECK(std::abs(white[i] - expected[i]) < 1e-12);
  const std::vector<double> back =
      evaluation::map_rows(base.to_model, evaluation::map_rows(base.from_model, rows));
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(std::abs(back[i] - rows[i]) < 1e-12);
  const std::vector<double> m = moments_of(rows);
  const double log_determinant = std::log(m[2] * m[5] - m[3] * m[4]);
  CHECK(std::abs(base.log_partition() - 0.5 * log_determinant - std::log(2.0 * std::numbers::pi)) < 1e-12);
}

TEST_CASE("few rows, or rows in a plane, still give a base", "[evaluation][annealing]") {
  const auto few = fit_annealing_base(std::vector<double>{0, 0, 2, 4}, 2);
  CHECK(few.kind == "diagonal");
  CHECK(few.to_model.scale == std::vector<double>{1, 2});
  CHECK(few.to_model.shift == std::vector<double>{1, 2});
  std::vector<double> line;
  for (int i = 0; i < 100; ++i) line.insert(line.end(), {0.1 * i, 0.2 * i});
  const auto flat = fit_annealing_base(line, 2);
  CHECK(std::isfinite(flat.log_volume));
  // The variance across is raised to 1e-4 of the mean variance, half of that along.
  const double along = moments_of(line)[2] + moments_of(line)[5];
  CHECK(std::abs(flat.log_volume - 0.5 * std::log(along * 1e-4 * 0.5 * along)) < 1e-9);
  const auto point = fit_annealing_base(std::vector<double>(20, 3.0), 2);
  CHECK(std::abs(point.log_volume) < 1e-12);
}

TEST_CASE("of too few rows the moments of the training rows are the base", "[evaluation][annealing]") {
  const data::ModelSpaceMoments moments{{1, -2}, {0.5, 3}, {}, {}};
  const std::vector<double> rows = correlated_rows(evaluation::fewest_base_rows);
  CHECK(evaluation::choose_annealing_base(rows, moments).kind == "full");
  const auto base = evaluation::choose_annealing_base(std::span(rows).subspan(2), moments);
  CHECK(base.kind == "moments");
  CHECK(base.to_model(std::vector<double>{2, 2}) == std::vector<double>{2, 4});
  CHECK(base.from_model(std::vector<double>{2, 4}) == std::vector<double>{2, 2});
  CHECK(std::abs(base.log_volume - std::log(1.5)) < 1e-12);
}

TEST_CASE("rows are resampled as often as their weights say", "[evaluation][annealing]") {
  const std::vector<double> log_weights{std::log(0.1) - 800.0, std::log(0.6) - 800.0, -1e9,
                                        std::log(0.3) - 800.0};
  for (std::uint32_t step = 0; step < 20; ++step) {
    std::vector<int> counts(4, 0);
    const auto numbers = evaluation::resample(log_weights, 50, {{1, 2}}, step);
    for (const std::size_t number : numbers) ++counts[number];
    CHECK(numbers.size() == 50);
    CHECK(std::abs(counts[0] - 5) <= 1);
    CHECK(std::abs(counts[1] - 30) <= 1);
    CHECK(counts[2] == 0);
    CHECK(std::abs(counts[3] - 15) <= 1);
  }
  CHECK(evaluation::pick_rows(std::vector<double>{1, 2, 3, 4, 5, 6}, 2, {2, 0, 2}) ==
        std::vector<double>{5, 6, 1, 2, 5, 6});
}
