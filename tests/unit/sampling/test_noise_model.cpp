// SPDX-License-Identifier: Apache-2.0
#include "sampling/noise_model.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "core/error.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using sampling::NoiseBox;
using sampling::NoiseMixture;
using sampling::NoiseModel;

namespace {

enum class Factors { full, diagonal };

const core::PhiloxKey key = core::stream_key(9, core::Purpose::noise_samples);

/// Components of unequal weights whose factors have pivots from 0.5 to 1.
NoiseMixture arbitrary_mixture(std::size_t components, std::size_t dimension, Factors factors) {
  NoiseMixture mixture{{}, test::arbitrary_numbers(components * dimension, 1, 3.0), {}};
  mixture.factors = test::arbitrary_numbers(components * dimension * dimension, 2, 0.4);
  for (std::size_t c = 0; c < components; ++c) mixture.weights.push_back(1.0 + static_cast<double>(c));
  for (std::size_t i = 0; i < mixture.factors.size(); ++i) {
    const std::size_t row = i / dimension % dimension, column = i % dimension;
    if (row == column) mixture.factors[i] = 0.75 + 0.6 * mixture.factors[i];
    if (column > row || (column < row && factors == Factors::diagonal)) mixture.factors[i] = 0;
  }
  return mixture;
}

/// log p(x) by forward substitution, without scaling: the exponents of long double reach to e^-11000.
double reference(const NoiseMixture& mixture, const double* x, std::size_t dimension) {
  double total = 0;
  long double density = 0;
  for (const double weight : mixture.weights) total += weight;
  for (std::size_t c = 0; c < mixture.weights.size(); ++c) {
    std::vector<double> y(dimension);
    long double term = mixture.weights[c] / total;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double* const row = &mixture.factors[(c * dimension + i) * dimension];
      y[i] = x[i] - mixture.means[c * dimension + i];
      for (std::size_t j = 0; j < i; ++j) y[i] -= row[j] * y[j];
      y[i] /= row[i];
      term *= std::exp(-0.5L * y[i] * y[i]) / (std::sqrt(2 * std::numbers::pi) * row[i]);
    }
    density += term;
  }
  return static_cast<double>(std::log(density));
}

/// log p (N) at x (N, D).
template <class Scalar>
std::vector<Scalar> log_densities(const NoiseModel<Scalar>& model, const std::vector<double>& x) {
  const auto rows = test::to_rows(test::converted<Scalar>(x), static_cast<std::size_t>(model.dimension()));
  const test::Buffer<Scalar> values("ebmpi::test::log_density", rows.extent(0));
  sampling::noise_log_density(core::ExecutionSpace(), model.view(), rows, values);
  return test::to_host(values);
}

template <class Scalar>
struct Draw {
  std::vector<Scalar> x, log_density;  // (N, D), (N)
};

template <class Scalar>
Draw<Scalar> draw(const NoiseModel<Scalar>& model, std::int64_t first, std::size_t count,
                  std::uint32_t step = 1) {
  const core::Rows<Scalar> rows("ebmpi::test::rows", count, model.dimension());
  const test::Buffer<Scalar> values("ebmpi::test::log_density", count);
  sampling::draw_noise(core::ExecutionSpace(), model.view(), key, step, first, rows, values);
  return {test::from_rows(rows), test::to_host(values)};
}

/// Sample `number` straight from the definition.
template <class Scalar>
std::vector<double> sample_from_definition(const NoiseMixture& mixture, std::size_t dimension,
                                           std::int64_t number, std::uint32_t step) {
  const auto n = static_cast<std::uint64_t>(number);
  double total = 0;
  for (const double weight : mixture.weights) total += weight;
  double left = core::uniform<double>(core::draw(key, n, step, 0).word[0]) * total;
  std::size_t c = 0;
  while (c + 1 < mixture.weights.size() && left >= mixture.weights[c]) left -= mixture.weights[c++];
  std::vector<double> xi, x;
  for (std::uint32_t block = 1; xi.size() < dimension; ++block) {
    const auto bits = core::draw(key, n, step, block);
    for (int pair = 0; pair < 2; ++pair) {
      const double radius = std::sqrt(-2 * std::log(double{core::uniform<Scalar>(bits.word[2 * pair])}));
      const double angle = 2 * std::numbers::pi * double{core::uniform<Scalar>(bits.word[2 * pair + 1])};
      xi.push_back(radius * std::cos(angle));
      xi.push_back(radius * std::sin(angle));
    }
  }
  for (std::size_t i = 0; i < dimension; ++i) {
    x.push_back(mixture.means[c * dimension + i]);
    for (std::size_t j = 0; j <= i; ++j) x[i] += mixture.factors[(c * dimension + i) * dimension + j] * xi[j];
  }
  return x;
}

template <class Scalar>
void check_mixture(std::size_t components, std::size_t dimension, Factors factors, double tolerance) {
  INFO(components << " components in " << dimension << " dimensions");
  const NoiseMixture mixture = arbitrary_mixture(components, dimension, factors);
  const NoiseModel<Scalar> model(mixture);
  CHECK((model.view().shape == sampling::NoiseShape::diagonal) ==
        (factors == Factors::diagonal || dimension == 1));
  constexpr std::size_t points = 150;
  const std::vector<double> x = test::arbitrary_numbers(points * dimension, 3, 3.0);
  std::vector<double> expected, samples;
  for (std::size_t i = 0; i < points; ++i)
    expected.push_back(reference(mixture, &x[i * dimension], dimension));
  CHECK(test::worst_error(log_densities(model, x), expected) < tolerance);

  constexpr std::int64_t first = (std::int64_t{1} << 33) - 70;
  const Draw<Scalar> drawn = draw(model, first, points, 7);
  for (std::size_t i = 0; i < points; ++i) {
    for (const double value : sample_from_definition<Scalar>(mixture, dimension, first + i, 7))
      samples.push_back(value);
  }
  CHECK(test::worst_error(drawn.x, samples) < 10 * tolerance);
  CHECK(drawn.log_density == log_densities(model, test::converted<double>(drawn.x)));
}

/// ∫ p over a square of the plane by the midpoint rule, which for a smooth density that vanishes at the edge
/// converges faster than any power of the step.
double integral(const NoiseModel<double>& model, double half_width, int points) {
  const double step = 2 * half_width / points;
  std::vector<double> x;
  for (int i = 0; i < points; ++i) {
    for (int j = 0; j < points; ++j) {
      x.push_back(-half_width + (i + 0.5) * step);
      x.push_back(-half_width + (j + 0.5) * step);
    }
  }
  double sum = 0;
  for (const double value : log_densities(model, x)) sum += std::exp(value) * step * step;
  return sum;
}

}  // namespace

TEST_CASE("Mixtures have their closed-form density and samples, in both precisions", "[sampling][noise]") {
  for (const Factors factors : {Factors::full, Factors::diagonal}) {
    for (const std::size_t dimension : {1, 2, 3, 5, 10, 33}) {
      for (const std::size_t components : {1, 2, 7}) {
        check_mixture<double>(components, dimension, factors, 1e-12);
        check_mixture<float>(components, dimension, factors, 2e-5);
      }
    }
  }
}

TEST_CASE("Noise densities integrate to one", "[sampling][noise]") {
  CHECK(std::abs(integral(NoiseModel<double>(arbitrary_mixture(4, 2, Factors::full)), 12, 300) - 1) < 1e-9);
  CHECK(std::abs(integral(NoiseModel<double>(arbitrary_mixture(4, 2, Factors::diagonal)), 12, 300) - 1) <
        1e-9);
  // The edges of the box fall between the points of the grid.
  const NoiseModel<double> box(NoiseBox{{-3.0, -1.0}, {5.0, 2.0}});
  CHECK(std::abs(integral(box, 6, 120) - 1) < 1e-12);
}

// Standard errors: mean σ/√N, covariance √((Σ_ii Σ_jj + Σ_ij²)/N).
TEST_CASE("Samples of a Gaussian have its mean and covariance within 4 standard errors",
          "[sampling][noise]") {
  constexpr std::size_t dimension = 3, count = 100000;
  for (const Factors factors : {Factors::full, Factors::diagonal}) {
    const NoiseMixture gaussian = arbitrary_mixture(1, dimension, factors);
    const std::vector<float> x = draw(NoiseModel<float>(gaussian), 0, count).x;
    double want[dimension][dimension] = {}, mean[dimension] = {}, products[dimension][dimension] = {};
    for (std::size_t i = 0; i < 27; ++i) {
      const std::size_t a = i / 9, b = i / 3 % 3, k = i % 3;
      want[a][b] += gaussian.factors[3 * a + k] * gaussian.factors[3 * b + k];
    }
    for (std::size_t i = 0; i < x.size(); i += 3) {
      for (std::size_t a = 0; a < 3; ++a) {
        mean[a] += (x[i + a] - gaussian.means[a]) / count;
        for (std::size_t b = 0; b < 3; ++b)
          products[a][b] += (x[i + a] - gaussian.means[a]) * (x[i + b] - gaussian.means[b]) / count;
      }
    }
    for (std::size_t a = 0; a < 3; ++a) {
      CHECK(std::abs(mean[a]) < 4 * std::sqrt(want[a][a] / count));
      for (std::size_t b = 0; b <= a; ++b) {
        const double error = std::sqrt((want[a][a] * want[b][b] + want[a][b] * want[a][b]) / count);
        CHECK(std::abs(products[a][b] - want[a][b]) < 4 * error);
      }
    }
  }
}

// A share w of N samples has the standard error √(w(1-w)/N).
TEST_CASE("Components are drawn with their weights within 4 standard errors", "[sampling][noise]") {
  constexpr std::size_t count = 100000;
  const std::vector<double> weights{0.5, 0.003, 0.197, 0.3};
  NoiseMixture mixture{weights, {0.0, 100.0, 200.0, 300.0}, {1.0, 1.0, 1.0, 1.0}};
  double shares[4] = {};
  for (const float x : draw(NoiseModel<float>(mixture), 0, count).x)
    shares[static_cast<int>(std::lround(x / 100))] += 1.0 / count;
  for (std::size_t c = 0; c < 4; ++c)
    CHECK(std::abs(shares[c] - weights[c]) < 4 * std::sqrt(weights[c] * (1 - weights[c]) / count));
}

// Mean of a uniform number on a length l: l/√(12 N); its variance l²/12: l²/√(180 N).
TEST_CASE("Uniform noise fills its box and nothing else", "[sampling][noise]") {
  constexpr std::size_t count = 100000;
  const NoiseBox box{{-1.0, 0.5, 10.0, 0.0, -3.0}, {1.0, 0.75, 20.0, 0.1, -2.0}};
  const NoiseModel<float> model(box);
  const Draw<float> drawn = draw(model, 5, count);
  double log_volume = 0;
  for (std::size_t d = 0; d < 5; ++d) {
    const double length = box.maximum[d] - box.minimum[d], centre = box.minimum[d] + length / 2;
    double mean = 0, square = 0;
    int outside = 0;
    for (std::size_t i = d; i < drawn.x.size(); i += 5) {
      outside +=
          drawn.x[i] < static_cast<float>(box.minimum[d]) || drawn.x[i] > static_cast<float>(box.maximum[d]);
      mean += (drawn.x[i] - centre) / count;
      square += (drawn.x[i] - centre) * (drawn.x[i] - centre) / count;
    }
    CHECK(outside == 0);
    CHECK(std::abs(mean) < 4 * length / std::sqrt(12.0 * count));
    CHECK(std::abs(square - length * length / 12) < 4 * length * length / std::sqrt(180.0 * count));
    log_volume += std::log(length);
  }
  CHECK(test::worst_error(drawn.log_density, std::vector<double>(count, -log_volume)) < 1e-6);
}

TEST_CASE("A point outside the box has the floor for a log density, and a NaN stays one",
          "[sampling][noise]") {
  const NoiseModel<float> model(NoiseBox{{-1.0, 0.0}, {1.0, 4.0}});
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const auto values =
      log_densities(model, {-1.0, 0.0, 1.0, 4.0, 1.001, 2.0, 0.0, -1e-6, infinity, 1.0, nan, 1.0, 0.0, nan});
  for (const std::size_t corner : {0, 1}) CHECK(std::abs(values[corner] + std::log(8.0f)) < 1e-6f);
  for (const std::size_t outside : {2, 3, 4})
    CHECK(values[outside] == static_cast<float>(sampling::outside_log_density));
  for (const std::size_t broken : {5, 6}) CHECK(std::isnan(values[broken]));
  const NoiseModel<float> gaussian(arbitrary_mixture(2, 2, Factors::full));
  CHECK(std::isnan(log_densities(gaussian, {0.0, nan})[0]));
}

TEST_CASE("Noise samples do not depend on how they are grouped, bit for bit", "[sampling][noise]") {
  const NoiseModel<float> models[] = {NoiseModel<float>(arbitrary_mixture(3, 5, Factors::full)),
                                      NoiseModel<float>(arbitrary_mixture(3, 5, Factors::diagonal)),
                                      NoiseModel<float>(NoiseBox{{0, 0, 0, 0, 0}, {1, 2, 3, 4, 5}})};
  for (const NoiseModel<float>& model : models) {
    const Draw<float> all = draw(model, 40, 300);
    const Draw<float> part = draw(model, 77, 100);  // every sample in another lane
    CHECK(part.x == std::vector<float>(all.x.begin() + 37 * 5, all.x.begin() + 137 * 5));
    CHECK(part.log_density ==
          std::vector<float>(all.log_density.begin() + 37, all.log_density.begin() + 137));
    CHECK(draw(model, 40, 300, 2).x != all.x);
    const core::Rows<float> alone("ebmpi::test::rows", 300, 5);
    sampling::draw_noise<float>(core::ExecutionSpace(), model.view(), key, 1, 40, alone, {});
    CHECK(test::from_rows(alone) == all.x);
  }
}

TEST_CASE("A component far from a point does not disturb its density in single precision",
          "[sampling][noise]") {
  const NoiseMixture mixture{{0.5, 0.5}, {0.0, 1e4}, {1.0, 0.01}};
  const auto values = log_densities(NoiseModel<float>(mixture), {0.0, 1.0, 1e4, 50.0});
  const double peak = std::log(0.5) - 0.5 * std::log(2 * std::numbers::pi);
  CHECK(test::worst_error(values,
                          std::vector<double>{peak, peak - 0.5, peak + std::log(100.0), peak - 1250}) < 1e-6);
}

TEST_CASE("Noise without a density is refused", "[sampling][noise]") {
  const auto broken = [](std::vector<double> weights, std::vector<double> means,
                         std::vector<double> factors) {
    return NoiseModel<float>(NoiseMixture{std::move(weights), std::move(means), std::move(factors)});
  };
  CHECK_THROWS_AS(broken({}, {}, {}), std::invalid_argument);
  CHECK_THROWS_AS(broken({1.0}, {0.0, 0.0}, {1.0}), std::invalid_argument);
  CHECK_THROWS_AS(broken({0.0}, {0.0}, {1.0}), core::InputError);
  CHECK_THROWS_AS(broken({1.0}, {0.0}, {1e-60}), core::InputError);  // zero in single precision
  CHECK_THROWS_AS(NoiseModel<float>(NoiseBox{{0.0}, {1.0, 2.0}}), std::invalid_argument);
  CHECK_THROWS_AS(NoiseModel<float>(NoiseBox{{0.0, 1.0}, {1.0, 1.0}}), core::InputError);
}
