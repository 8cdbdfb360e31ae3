// SPDX-License-Identifier: Apache-2.0
#include "data/gaussian_mixture.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "core/error.hpp"
#include "data/fit_mixture.hpp"
#include "support/array_source.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;
using Catch::Approx;
using data::Covariance;
using data::GaussianMixture;

namespace {

/// A Gaussian in the plane, by its covariance (xx, xy, yy).
struct PlaneGaussian {
  double weight, x, y, xx, xy, yy;

  double determinant() const { return xx * yy - xy * xy; }
  double density(double a, double b) const {
    const double dx = a - x, dy = b - y;
    const double square = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant();
    return std::exp(-square / 2) / (2 * std::numbers::pi * std::sqrt(determinant()));
  }
};

const std::vector<PlaneGaussian> blobs{
    {0.2, -10, 3, 1.5, 0.6, 0.8}, {0.5, 8, -7, 0.3, -0.2, 0.9}, {0.3, 4, 12, 2.0, 0.0, 0.1}};

GaussianMixture mixture_of(const std::vector<PlaneGaussian>& gaussians) {
  GaussianMixture mixture;
  mixture.dimension = 2;
  for (const PlaneGaussian& g : gaussians) {
    mixture.weights.push_back(g.weight);
    mixture.means.insert(mixture.means.end(), {g.x, g.y});
    const double first = std::sqrt(g.xx);
    mixture.factors.insert(mixture.factors.end(),
                           {first, 0.0, g.xy / first, std::sqrt(g.yy - g.xy * g.xy / g.xx)});
  }
  return mixture;
}

/// Covariance element (i, j) of a component.
double covariance(const GaussianMixture& mixture, std::size_t component, std::size_t i, std::size_t j) {
  const auto size = static_cast<std::size_t>(mixture.dimension);
  double sum = 0;
  for (std::size_t k = 0; k < size; ++k) {
    sum += mixture.factors[(component * size + i) * size + k] *
           mixture.factors[(component * size + j) * size + k];
  }
  return sum;
}

/// `count` samples of the blobs, with the standard library's generator.
std::vector<double> blob_samples(std::size_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::discrete_distribution<std::size_t> component{blobs[0].weight, blobs[1].weight, blobs[2].weight};
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    const PlaneGaussian& g = blobs[component(engine)];
    const double a = normal(engine), b = normal(engine);
    values.push_back(g.x + std::sqrt(g.xx) * a);
    values.push_back(g.y + g.xy / std::sqrt(g.xx) * a + std::sqrt(g.determinant() / g.xx) * b);
  }
  return values;
}

GaussianMixture fit(const std::vector<double>& values, std::int64_t dimension,
                    const data::MixtureSettings& settings) {
  return data::fit_mixture(comm::Communicator(MPI_COMM_SELF), comm::ShardMap(1, 1, 0), dimension, {values},
                           settings);
}

double mean_log_likelihood(const GaussianMixture& mixture, const std::vector<double>& values) {
  const auto size = static_cast<std::size_t>(mixture.dimension);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); i += size)
    sum += mixture.log_density(std::span(values).subspan(i, size));
  return sum / static_cast<double>(values.size() / size);
}

bool all_finite(const GaussianMixture& mixture) {
  for (const auto* const numbers : {&mixture.weights, &mixture.means, &mixture.factors}) {
    for (const double number : *numbers) {
      if (!std::isfinite(number)) return false;
    }
  }
  return true;
}

/// Standard errors for n samples of a component: share √(w(1-w)/N), mean σ/√n, covariance √((Σ_ii Σ_jj +
/// Σ_ij²)/n). The blobs lie so far apart that no sample's component is in doubt.
void check_blobs(const GaussianMixture& mixture, double samples, Covariance kind) {
  REQUIRE(mixture.components() == 3);
  for (const PlaneGaussian& g : blobs) {
    std::size_t c = 0;
    while (c < 2 && std::hypot(mixture.means[2 * c] - g.x, mixture.means[2 * c + 1] - g.y) > 3) ++c;
    INFO("the blob at " << g.x << ", " << g.y);
    const double n = g.weight * samples;
    CHECK(std::abs(mixture.weights[c] - g.weight) < 4 * std::sqrt(g.weight * (1 - g.weight) / samples));
    CHECK(std::abs(mixture.means[2 * c] - g.x) < 4 * std::sqrt(g.xx / n));
    CHECK(std::abs(mixture.means[2 * c + 1] - g.y) < 4 * std::sqrt(g.yy / n));
    CHECK(std::abs(covariance(mixture, c, 0, 0) - g.xx) < 4 * g.xx * std::sqrt(2 / n));
    CHECK(std::abs(covariance(mixture, c, 1, 1) - g.yy) < 4 * g.yy * std::sqrt(2 / n));
    const double cross = covariance(mixture, c, 1, 0);
    if (kind == Covariance::diagonal) {
      CHECK(cross == 0);
    } else {
      CHECK(std::abs(cross - g.xy) < 4 * std::sqrt((g.xx * g.yy + g.xy * g.xy) / n));
    }
  }
}

}  // namespace

TEST_CASE("The log density of a mixture is that of the closed form", "[data][mixture]") {
  const GaussianMixture mixture = mixture_of(blobs);
  for (const std::array<double, 2> x :
       {std::array{-10.0, 3.0}, {-9.0, 2.5}, {8.3, -7.7}, {5.0, 12.0}, {0.0, 0.0}}) {
    double density = 0;
    for (const PlaneGaussian& g : blobs) density += g.weight * g.density(x[0], x[1]);
    CHECK(mixture.log_density(x) == Approx(std::log(density)).epsilon(1e-12));
  }
  // Far away, where every density underflows, the widest component alone counts.
  const double far[2] = {-1000.0, 3.0};
  const PlaneGaussian& g = blobs[2];
  const double square = 1004.0 * 1004.0 / g.xx + 81.0 / g.yy;
  const double log_peak = -std::log(2 * std::numbers::pi * std::sqrt(g.determinant()));
  CHECK(mixture.log_density(far) == Approx(std::log(g.weight) + log_peak - square / 2).epsilon(1e-12));
}

TEST_CASE("One Gaussian has the mean and covariance of the rows", "[data][mixture]") {
  constexpr std::size_t rows = 500;
  std::vector<double> values = test::arbitrary_numbers(3 * rows, 4);
  for (std::size_t i = 0; i < values.size(); i += 3) {
    values[i + 1] = 1e4 + 50 * values[i + 1] + 30 * values[i];  // other units, and far from the origin
    values[i + 2] -= values[i];
  }
  double mean[3] = {}, products[3][3] = {};
  for (std::size_t i = 0; i < values.size(); ++i) mean[i % 3] += values[i] / rows;
  for (std::size_t i = 0; i < values.size(); i += 3) {
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b)
        products[a][b] += (values[i + a] - mean[a]) * (values[i + b] - mean[b]) / rows;
    }
  }
  for (const Covariance kind : {Covariance::full, Covariance::diagonal}) {
    const GaussianMixture mixture = fit(values, 3, {.covariance = kind});
    CHECK(mixture.weights == std::vector<double>{1.0});
    for (std::size_t a = 0; a < 3; ++a) {
      CHECK(mixture.means[a] == Approx(mean[a]).epsilon(1e-12));
      for (std::size_t b = 0; b < 3; ++b) {
        const double size = std::sqrt(products[a][a] * products[b][b]);
        const double want = a == b                     ? products[a][a] * (1 + 1e-6)
                            : kind == Covariance::full ? products[a][b]
                                                       : 0;
        CHECK(std::abs(covariance(mixture, 0, a, b) - want) < 1e-11 * size);
      }
    }
  }
}

TEST_CASE("Expectation maximisation finds three blobs", "[data][mixture]") {
  constexpr std::size_t samples = 6000;
  const std::vector<double> values = blob_samples(samples, 5);
  for (const Covariance kind : {Covariance::full, Covariance::diagonal}) {
    const GaussianMixture mixture = fit(values, 2, {.components = 3, .covariance = kind, .seed = 2});
    check_blobs(mixture, samples, kind);
  }
}

// The floor under the variances costs at most about (10⁻⁶ Σ²/σ²)² of the gain of an exact step, Σ² the
// variance of all rows and σ² the smallest of a component: less than 1e-7 here.
TEST_CASE("The likelihood never falls from one iteration to the next", "[data][mixture]") {
  const std::vector<double> values = blob_samples(800, 6);
  for (const Covariance kind : {Covariance::full, Covariance::diagonal}) {
    data::MixtureSettings settings{.components = 5, .covariance = kind, .seed = 3, .tolerance = 0.0};
    double before = -std::numeric_limits<double>::infinity(), first = 0;
    for (settings.most_iterations = 0; settings.most_iterations <= 40; ++settings.most_iterations) {
      const double now = mean_log_likelihood(fit(values, 2, settings), values);
      INFO("iteration " << settings.most_iterations);
      CHECK(now > before - 1e-7);
      if (settings.most_iterations == 0) first = now;
      before = now;
    }
    CHECK(before > first + 0.02);
  }
}

TEST_CASE("At the maximum each mean is the average of the rows, weighted with its share in them",
          "[data][mixture]") {
  const std::vector<double> values = blob_samples(500, 7);
  const GaussianMixture mixture =
      fit(values, 2, {.components = 4, .seed = 1, .most_iterations = 5000, .tolerance = 1e-13});
  for (std::size_t c = 0; c < 4; ++c) {
    GaussianMixture alone{.dimension = 2,
                          .weights = {1.0},
                          .means = {mixture.means.begin() + 2 * c, mixture.means.begin() + 2 * c + 2},
                          .factors = {mixture.factors.begin() + 4 * c, mixture.factors.begin() + 4 * c + 4}};
    double share = 0, x = 0, y = 0;
    for (std::size_t i = 0; i < values.size(); i += 2) {
      const auto row = std::span(values).subspan(i, 2);
      const double r = mixture.weights[c] * std::exp(alone.log_density(row) - mixture.log_density(row));
      share += r;
      x += r * row[0];
      y += r * row[1];
    }
    CHECK(std::abs(mixture.weights[c] - share / 500) < 1e-4);
    CHECK(std::abs(mixture.means[2 * c] - x / share) < 1e-3);
    CHECK(std::abs(mixture.means[2 * c + 1] - y / share) < 1e-3);
  }
}

TEST_CASE("Degenerate rows give a mixture of finite numbers", "[data][mixture]") {
  std::vector<double> on_a_line, equal;
  for (int i = 0; i < 40; ++i) {
    on_a_line.insert(on_a_line.end(), {static_cast<double>(i % 4), 2.0 * (i % 4), 7.0});
    equal.insert(equal.end(), {3.0, -1.0});
  }
  for (const Covariance kind : {Covariance::full, Covariance::diagonal}) {
    for (const std::int64_t components : {1, 3, 8}) {  // 4 different rows
      const data::MixtureSettings settings{.components = components, .covariance = kind};
      CHECK(all_finite(fit(on_a_line, 3, settings)));
      CHECK(all_finite(fit(equal, 2, settings)));
      CHECK(std::isfinite(mean_log_likelihood(fit(on_a_line, 3, settings), on_a_line)));
    }
  }
  CHECK(all_finite(fit({1.0, 2.0, 3.0}, 1, {.components = 3})));
}

TEST_CASE("Rows that no mixture can be fitted to are refused", "[data][mixture]") {
  CHECK_THROWS_AS(fit({1.0, 2.0, 3.0}, 1, {.components = 4}), core::InputError);
  CHECK_THROWS_AS(fit({}, 1, {}), core::InputError);
  CHECK_THROWS_AS(fit({1.0, std::nan(""), 3.0}, 1, {}), core::InputError);
}

TEST_CASE("The fit to training data sees all of them, or rows spread over all of them", "[data][mixture]") {
  const comm::Communicator self(MPI_COMM_SELF);
  const comm::ShardMap shards(3, 1, 0);
  data::Preparation preparation;
  preparation.standardize = false;
  preparation.validation_fraction = 0.2;
  const data::TrainingData<double> few(self, shards, test::numbered_rows(1000), preparation);
  CHECK(data::fit_mixture(self, shards, few, {}).means[0] == Approx(few.moments().mean[0]).epsilon(1e-12));
  const data::TrainingData<double> many(self, shards, test::numbered_rows(50000), preparation);
  const GaussianMixture mixture = data::fit_mixture(self, shards, many, {});
  // The shards' parts have √(16667 · 0.8 · 0.2) = 52 training rows more or fewer, but equal shares of the
  // fit: about 30 rows of error. The first 20000 rows alone would be 12500 rows off.
  CHECK(std::abs(mixture.means[0] - many.moments().mean[0]) < 150);
  CHECK(std::abs(mixture.factors[0] / many.moments().deviation[0] - 1) < 5e-3);
}
