// SPDX-License-Identifier: Apache-2.0
// Objectives fitted to samples of N(0, I): E = ½a‖x‖² must come out with the a that theory gives. The mean
// over independent batches is compared, with the standard error that their spread gives it.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/conditional_contrast.hpp"
#include "objective/denoising.hpp"
#include "objective/energy_discrepancy.hpp"
#include "objective/noise_contrast.hpp"
#include "objective/ranking_contrast.hpp"
#include "objective/score_matching.hpp"
#include "support/gaussian_fit.hpp"
#include "support/moments.hpp"

using namespace ebmpi;

namespace {

constexpr int batches = 16;
constexpr objective::Regularization<double> none{};

/// Samples from N(0, I) in training's blocks; each batch draws at a step of its own.
test::JetBatch<double> normal_batch(const test::Objective<double>& objective, std::mt19937_64& engine,
                                    int dimension, std::int64_t rows, int number) {
  const auto values = test::normal_numbers(engine, static_cast<std::size_t>(rows * dimension));
  auto batch = test::batch_of(test::to_rows(values, static_cast<std::size_t>(dimension)),
                              test::blocks_for(objective, rows));
  batch.step = static_cast<std::uint32_t>(number);
  return batch;
}

/// The fitted a.
test::Estimate fitted(const test::Objective<double>& objective, int dimension, std::int64_t rows) {
  std::mt19937_64 engine(static_cast<unsigned>(17 + dimension));
  const auto shape = test::quadratic_shape(dimension);
  std::vector<double> roots;
  for (int number = 1; number <= batches; ++number) {
    const auto batch = normal_batch(objective, engine, dimension, rows, number);
    roots.push_back(test::root_of(
        [&](double a) { return test::slopes_at(objective, shape, batch, a).energy; }, 0.8, 1.2));
  }
  return test::estimate(roots);
}

void check_fit(const test::Estimate& a, double expected, double largest_error) {
  INFO("a = " << a.mean << " +- " << a.error);
  CHECK(a.error < largest_error);
  CHECK(a.agrees(expected));
}

objective::ScoreMatchingSettings sliced(objective::Directions directions,
                                        objective::SquaredScore squared_score) {
  objective::ScoreMatchingSettings settings;
  settings.directions = directions;
  settings.squared_score = squared_score;
  settings.projections = 2;
  settings.key = core::stream_key(5, core::Purpose::projections);
  return settings;
}

core::PhiloxKey noise_key() {
  return core::stream_key(5, core::Purpose::perturbation);
}

/// Data from N(0, I), ν noise samples a row from N(0, s²I), and log p_n of both.
test::JetBatch<double> noisy_batch(const std::vector<test::SampleBlock>& blocks, std::mt19937_64& engine,
                                   int dimension, std::int64_t rows, int ratio, double scale) {
  const auto columns = static_cast<std::size_t>(dimension);
  auto samples = test::normal_numbers(engine, static_cast<std::size_t>(rows) * columns);
  const auto noise = test::normal_numbers(engine, samples.size() * static_cast<std::size_t>(ratio), scale);
  samples.insert(samples.end(), noise.begin(), noise.end());
  return test::batch_of(test::to_rows(samples, columns), blocks, rows,
                        test::normal_log_density(samples, columns, scale));
}

/// How far M perturbations move the a of energy discrepancy from 1, to first order in 1/M and with w = 0. The
/// loss is (a/2)E‖x‖² + E_y log E[e^-E(x_j)|y] at y = x + √t ξ; the logarithm of a mean of M numbers is on
/// average lower by their relative variance, E R, over 2M. With the Gaussian integrals
///     1 + E R = [(1+ta)/√(1+2ta) / √(1 - 2c(1+t))]^D,  c = ta²/((1+ta)(1+2ta)),
/// and at a = 1 the loss has the curvature D(t²/2 + t)/(1+t)².
double discrepancy_shift(int dimension, double time, int perturbations) {
  const auto relative_variance = [=](double a) {
    const double c = time * a * a / ((1 + time * a) * (1 + 2 * time * a));
    return std::pow((1 + time * a) / std::sqrt((1 + 2 * time * a) * (1 - 2 * c * (1 + time))), dimension);
  };
  constexpr double h = 1e-4;
  const double slope = (relative_variance(1 + h) - relative_variance(1 - h)) / (2 * h);
  const double curvature = dimension * (0.5 * time * time + time) / ((1 + time) * (1 + time));
  return slope / (2 * perturbations * curvature);
}

}  // namespace

// a = D / mean ‖x‖² on the samples: standard error √(2/(N D)).
TEST_CASE("exact score matching fits the unit normal", "[objective][fit]") {
  const std::vector<std::pair<int, std::int64_t>> sizes{{1, 2048}, {2, 2048}, {8, 1024}, {32, 256}};
  for (const auto& [dimension, rows] : sizes) {
    const auto objective = objective::make_score_matching({}, test::quadratic_shape(dimension), none);
    check_fit(fitted(*objective, dimension, rows), 1, 0.012);
  }
}

TEST_CASE("sliced score matching fits the unit normal", "[objective][fit]") {
  using objective::Directions, objective::SquaredScore;
  const std::vector<std::pair<int, std::int64_t>> sizes{{1, 4096}, {2, 4096}, {8, 2048}, {32, 1024}};
  for (const auto directions : {Directions::rademacher, Directions::gaussian}) {
    for (const auto squared : {SquaredScore::along_directions, SquaredScore::whole}) {
      for (const auto& [dimension, rows] : sizes) {
        INFO("directions " << static_cast<int>(directions) << ", squared " << static_cast<int>(squared)
                           << ", D = " << dimension);
        const auto objective = objective::make_score_matching(sliced(directions, squared),
                                                              test::quadratic_shape(dimension), none);
        check_fit(fitted(*objective, dimension, rows), 1, 0.015);
      }
    }
  }
}

// The noisy samples are N(0, (1 + σ²)I), and their score is what is learned.
TEST_CASE("denoising fits the normal that the noise widens", "[objective][fit]") {
  using objective::Pairing;
  const std::vector<std::pair<int, std::int64_t>> sizes{{1, 4096}, {2, 4096}, {8, 2048}, {32, 1024}};
  for (const auto pairing : {Pairing::single, Pairing::antithetic}) {
    const auto objective =
        objective::make_denoising({{0.5}, objective::LevelWeight::variance, pairing, noise_key()}, none);
    for (const auto& [dimension, rows] : sizes) {
      INFO("pairing " << static_cast<int>(pairing) << ", D = " << dimension);
      check_fit(fitted(*objective, dimension, rows), 1 / 1.25, 0.015);
    }
  }
}

// c must come out as -log Z(a) = -D/2 log(2π/a).
TEST_CASE("noise contrast fits the unit normal and its normaliser", "[objective][fit]") {
  constexpr double scale = 1.2;
  const auto objective = objective::make_noise_contrast(1, none);
  const std::vector<std::pair<int, std::int64_t>> sizes{{1, 4096}, {2, 4096}, {8, 2048}, {32, 1024}};
  for (const auto& [dimension, rows] : sizes) {
    INFO("D = " << dimension);
    const auto shape = test::quadratic_shape(dimension, network::LogNormalizer::learned);
    const double half = 0.5 * dimension;
    const auto log_z = [&](double a) { return half * std::log(2 * std::numbers::pi / a); };
    auto blocks = test::blocks_of(rows, 64);
    for (const auto& block : test::blocks_of(2 * rows, 64, 1, rows)) blocks.push_back(block);
    std::mt19937_64 engine(static_cast<unsigned>(31 + dimension));
    std::vector<double> roots, residuals;
    for (int number = 0; number < batches; ++number) {
      const auto batch = noisy_batch(blocks, engine, dimension, rows, 1, scale);
      const auto [a, c] = test::joint_root(*objective, shape, batch, 1.1, -log_z(1.1));
      roots.push_back(a);
      residuals.push_back(-c - log_z(a));
    }
    check_fit(test::estimate(roots), 1, 0.02);
    const auto residual = test::estimate(residuals);
    INFO("log Z - " << log_z(1) << " = " << residual.mean << " +- " << residual.error);
    CHECK(residual.error < 0.03);
    CHECK(residual.agrees(0));
  }
}

TEST_CASE("the ranking contrast fits the unit normal", "[objective][fit]") {
  constexpr int ratio = 7;
  const auto objective = objective::make_ranking_contrast(ratio, none);
  for (const int dimension : {1, 2, 8}) {
    INFO("D = " << dimension);
    const auto shape = test::quadratic_shape(dimension);
    constexpr std::int64_t rows = 2048;
    std::mt19937_64 engine(static_cast<unsigned>(43 + dimension));
    std::vector<double> roots;
    for (int number = 0; number < batches; ++number) {
      const auto batch = noisy_batch(test::blocks_of(rows, 8), engine, dimension, rows, ratio, 1.2);
      roots.push_back(test::root_of(
          [&](double a) { return test::slopes_at(*objective, shape, batch, a).energy; }, 0.8, 1.2));
    }
    check_fit(test::estimate(roots), 1, 0.02);
  }
}

TEST_CASE("the conditional contrast fits the unit normal", "[objective][fit]") {
  const auto objective = objective::make_conditional_contrast(7, 0.8, noise_key(), none);
  for (const int dimension : {1, 2, 8}) {
    INFO("D = " << dimension);
    check_fit(fitted(*objective, dimension, 2048), 1, 0.02);
  }
}

// With w -> 0 and M -> ∞ its minimiser is the energy of the data at any t.
TEST_CASE("energy discrepancy fits the unit normal but for the shift of its M", "[objective][fit]") {
  constexpr double time = 0.25;
  const auto common = core::stream_key(5, core::Purpose::group_perturbation);
  constexpr int perturbations = 63;
  const auto objective =
      objective::make_energy_discrepancy({time, perturbations, 1e-9, common, noise_key()}, none);
  for (const int dimension : {1, 2}) {
    const double shift = discrepancy_shift(dimension, time, perturbations);
    INFO("D = " << dimension << ", shift " << shift);
    check_fit(fitted(*objective, dimension, 1024), 1 + shift, 0.025);
  }
}
