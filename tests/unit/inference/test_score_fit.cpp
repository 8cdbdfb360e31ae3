// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>

#include "inference/information.hpp"
#include "inference_runs.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

/// Rows of normal numbers (n, D) of one rank.
ShardedRows normal_rows(std::int64_t rows, std::size_t columns, std::uint64_t seed) {
  test::LinearGaussian noise(columns, 1.0, 0.0);
  return test::observe(noise, std::vector<double>(columns, 0.0), rows, seed);
}

/// ξ and x = θ_t + σ ξ + √v ε, fitted with linear features.
struct LocationFit {
  double width = 0.5, variance = 1.0, centre = 0.7;
  std::int64_t rows = 100000;
  Standardization standardization;
  ScoreFit fit;

  LocationFit() {
    const comm::Communicator self(MPI_COMM_SELF);
    const comm::ShardMap shards(7, 1, 0);
    const ShardedRows xi = normal_rows(rows, 1, 11), noise = normal_rows(rows, 1, 12);
    ShardedRows x = xi;
    for (std::size_t i = 0; i < x.values.size(); ++i)
      x.values[i] = centre + width * xi.values[i] + std::sqrt(variance) * noise.values[i];
    standardization = standardization_of(self, shards, x);
    const Features features(FeatureKind::linear, standardization);
    const SquaredSums sums =
        squared_sums(self, shards, rows, {0, rows}, 3, [&](std::int64_t number, std::span<double> row) {
          features(x.row(number), row.first(1));
          row[1] = 1.0;
          row[2] = xi.row(number)[0];
        });
    fit = fit_score(self, {sums, 1, 1}, 0.0);
  }
};

}  // namespace

TEST_CASE("the score of a Gaussian location is the one in closed form", "[inference]") {
  // W = 1/(v + σ²) and intercept -θ_t/(v + σ²) in the parameter's own units (Khoo et al. 2025); residual
  // variance of ξ is v/(v + σ²), so that the standard errors are those of a regression.
  const LocationFit location;
  const double total = location.variance + location.width * location.width;
  const double residual = std::sqrt(location.variance / total / static_cast<double>(location.rows));
  const double slope = location.fit.score.weights[0] / location.standardization.deviation[0] / location.width;
  const double slope_error = residual / std::sqrt(total) / location.width;
  CHECK_THAT(slope, WithinAbs(1.0 / total, 4.0 * slope_error));
  const double at_centre =
      (location.fit.score(std::vector<double>{(location.centre - location.standardization.mean[0]) /
                                              location.standardization.deviation[0]}))[0] /
      location.width;
  CHECK_THAT(at_centre, WithinAbs(0.0, 4.0 * residual / location.width));

  // J = σ²/(v + σ²) in units of the width, with the error of a coefficient of determination.
  const double share = location.width * location.width / total;
  const double share_error =
      2.0 * std::sqrt(share) * (1.0 - share) / std::sqrt(static_cast<double>(location.rows));
  CHECK_THAT(location.fit.information[0], WithinAbs(share, 4.0 * share_error));
  CHECK_THAT(location.fit.explained(), WithinAbs(share, 4.0 * share_error));
  const std::vector<double> truth =
      rescaled(std::vector<double>{location.width}, deconvolved(1, location.fit.information));
  const double slope_of_map = 1.0 / ((1.0 - share) * (1.0 - share)) / (location.width * location.width);
  CHECK_THAT(truth[0], WithinAbs(1.0 / location.variance, 4.0 * share_error * slope_of_map));
}

TEST_CASE("squared sums are those of a plain loop, whatever the shards", "[inference]") {
  const comm::Communicator self(MPI_COMM_SELF);
  constexpr std::size_t length = 5;
  constexpr std::int64_t rows = 333;
  const std::vector<double> values = test::arbitrary_numbers(rows * length, 5);
  const auto sums_with = [&](std::int64_t shards, comm::IndexRange part) {
    return squared_sums(self, {shards, 1, 0}, rows, part, length,
                        [&](std::int64_t number, std::span<double> row) {
                          for (std::size_t i = 0; i < length; ++i) {
                            const double scale = i == 3 ? 1e9 : 1.0;
                            row[i] = scale * values[static_cast<std::size_t>(number) * length + i];
                          }
                        });
  };
  for (const comm::IndexRange part : {comm::IndexRange{0, rows}, comm::IndexRange{100, 207}}) {
    const SquaredSums one = sums_with(1, part), many = sums_with(9, part);
    for (std::size_t a = 0; a < length; ++a) {
      for (std::size_t b = 0; b < length; ++b) {
        long double sum = 0.0L, magnitude = 0.0L;
        for (std::int64_t row = part.first; row < part.last; ++row) {
          const double* const at = &values[static_cast<std::size_t>(row) * length];
          const long double product =
              static_cast<long double>(at[a]) * at[b] * (a == 3 ? 1e9L : 1.0L) * (b == 3 ? 1e9L : 1.0L);
          sum += product;
          magnitude += std::abs(product);
        }
        CHECK_THAT(one(a, b), WithinAbs(static_cast<double>(sum), 1e-14 * static_cast<double>(magnitude)));
        CHECK_THAT(many(a, b), WithinAbs(static_cast<double>(sum), 1e-14 * static_cast<double>(magnitude)));
        CHECK(one(a, b) == one(b, a));
      }
    }
  }
}

TEST_CASE("the share that features explain is free of bias by their number", "[inference]") {
  // ξ and x are independent: 40 features of 200 rows would seem to explain 20 %. The adjusted share of R
  // repeats has the standard error √(2 · 40)/200/√R = 0.006 at R = 50.
  const comm::Communicator self(MPI_COMM_SELF);
  const comm::ShardMap shards(2, 1, 0);
  constexpr std::size_t columns = 40;
  double mean = 0.0, held_out = 0.0;
  constexpr int repeats = 50;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const ShardedRows all = normal_rows(400, columns + 1, 100 + static_cast<std::uint64_t>(repeat));
    const auto sums = [&](comm::IndexRange part) {
      return FitSums{squared_sums(self, shards, 400, part, columns + 2,
                                  [&](std::int64_t number, std::span<double> row) {
                                    const auto from = all.row(number);
                                    std::copy_n(from.begin(), columns, row.begin());
                                    row[columns] = 1.0;
                                    row[columns + 1] = from[columns];
                                  }),
                     columns, 1};
    };
    const ScoreFit fit = fit_score(self, sums({0, 200}), 0.0);
    mean += fit.explained() / repeats;
    held_out += held_out_fit(fit.score, sums({200, 400})) / repeats;
  }
  CHECK_THAT(mean, WithinAbs(0.0, 4.0 * 0.0064));
  // Out of sample the fit costs p/(n - p - 2): what was fitted is noise.
  CHECK_THAT(held_out, WithinAbs(-41.0 / (200.0 - 42.0), 0.1));
}

TEST_CASE("the width of the proposals is taken out of the information exactly", "[inference]") {
  // J = (I⁻¹ + Σ)⁻¹ for two parameters with widths 0.3 and 2.
  const std::vector<double> information = {4.0, 1.0, 1.0, 0.5}, width = {0.3, 2.0};
  std::vector<double> blurred = inverse(2, information);
  blurred[0] += 0.09;
  blurred[3] += 4.0;
  std::vector<double> smoothed = inverse(2, blurred);
  const std::vector<double> in_widths = rescaled(std::vector<double>{1.0 / 0.3, 0.5}, smoothed);
  const std::vector<double> found = rescaled(width, deconvolved(2, in_widths));
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(found[i], WithinRel(information[i], 1e-10));
  CHECK(inverse(2, std::vector<double>{1.0, 1.0, 1.0, 1.0}).empty());
}

TEST_CASE("the error of a mean of correlated rows comes from batches", "[inference]") {
  // x_t = a x_{t-1} + e: the mean of T has variance 1/((1 - a)² T).
  const double a = 0.6;
  const std::int64_t length = 20000;
  const ShardedRows noise = normal_rows(length, 1, 3);
  std::vector<double> rows;
  for (double x = 0.0; const double e : noise.values) rows.push_back(x = a * x + e);
  const double expected = 1.0 / ((1.0 - a) * (1.0 - a) * static_cast<double>(length));
  // 141 batches: relative standard error √(2/140) = 12 %.
  CHECK_THAT(covariance_of_mean(1, rows)[0], WithinRel(expected, 0.4));
}
