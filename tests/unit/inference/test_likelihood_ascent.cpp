// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "core/error.hpp"
#include "inference_runs.hpp"

using namespace ebmpi;
using namespace ebmpi::inference;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

Settings settings_of(std::size_t parameters, FeatureKind features) {
  Settings settings;
  settings.width.assign(parameters, 0.5);
  settings.features = features;
  return settings;
}

}  // namespace

TEST_CASE("linear Gaussian models of any dimension end at the exact maximum", "[inference]") {
  for (const std::size_t dimension : {2UL, 10UL, 50UL}) {
    for (const AscentKind kind : {AscentKind::natural, AscentKind::adam}) {
      INFO(dimension << " parameters, " << (kind == AscentKind::natural ? "natural" : "Adam"));
      test::LinearGaussian simulator(dimension, 1.0, 0.5);
      std::vector<double> truth(dimension);
      for (std::size_t i = 0; i < dimension; ++i) truth[i] = std::sin(static_cast<double>(i) + 1.0);
      const ShardedRows observations = test::observe(simulator, truth, 500, 21);
      Settings settings = settings_of(dimension, FeatureKind::linear);
      settings.ascent.kind = kind;
      if (kind == AscentKind::adam) settings.ascent.learning_rate = 0.1;
      const Estimate estimate =
          test::infer(simulator, observations, settings, std::vector<double>(dimension, 0.0),
                      kind == AscentKind::adam ? 400 : 200);  // Adam stays longer on one side
      const std::vector<double> exact = simulator.maximum_likelihood(test::column_means(observations));
      REQUIRE(estimate.is_determined());
      double square = 0.0;
      for (std::size_t i = 0; i < dimension; ++i) {
        const ParameterEstimate& found = estimate.parameters[i];
        // Of fifty, one is more than 2.3 standard errors away with a chance of 1; the data are the same, so
        // that only the simulations' part of the error counts, and it is a fraction of it.
        CHECK_THAT(found.estimate, WithinAbs(exact[i], 2.0 * found.standard_error));
        const double deviation = (found.estimate - exact[i]) / found.simulation_error;
        square += deviation * deviation / static_cast<double>(dimension);
        CHECK(found.simulation_error < 0.5 * found.standard_error);
      }
      // Batch means of 10 batches have heavy tails: t with 9 degrees of freedom has variance 9/7.
      CHECK(square < 4.0);

      // Information AᵀA: 1.25 on the diagonal, 1 in the last place, 0.5 beside it.
      const double error = 4.0 * 0.05;
      CHECK_THAT(estimate.information[0], WithinAbs(1.25, error));
      CHECK_THAT(estimate.information[1], WithinAbs(0.5, error));
      CHECK_THAT(estimate.information[dimension * dimension - 1], WithinAbs(1.0, error));
      // Smoothed it is less.
      CHECK(estimate.smoothed_information[0] < 1.05);
    }
  }
}

TEST_CASE("quadratic features find a variance, linear ones are blind to it", "[inference]") {
  test::GaussianScale simulator(1);
  const ShardedRows observations = test::observe(simulator, std::vector<double>{4.0}, 4000, 5);
  double mean_square = 0.0;
  for (const double x : observations.values) mean_square += x * x / 4000.0;
  Settings settings = settings_of(1, FeatureKind::quadratic);
  settings.width.assign(1, 0.25);
  const Estimate found = test::infer(simulator, observations, settings, {1.0}, 200);
  CHECK_THAT(found.parameters[0].estimate, WithinRel(mean_square, 0.1));
  CHECK_THAT(found.parameters[0].estimate, WithinRel(4.0, 0.1));
  CHECK(found.parameters[0].lower < 4.0);
  CHECK(found.parameters[0].upper > 4.0);
  // In u = log θ a Gaussian of n columns has the information n/2.
  CHECK_THAT(found.information[0], WithinAbs(0.5, 0.1));

  settings.features = FeatureKind::linear;
  const Estimate blind = test::infer(simulator, observations, settings, {1.0}, 200);
  // Nothing of it is seen: there is no interval, or one that is good for nothing.
  const bool says_so = !blind.is_determined() || blind.parameters[0].standard_error > 0.4;
  CHECK(says_so);
}

TEST_CASE("a network finds a variance as well", "[inference]") {
  test::GaussianScale simulator(1);
  const ShardedRows observations = test::observe(simulator, std::vector<double>{4.0}, 2000, 5);
  double mean_square = 0.0;
  for (const double x : observations.values) mean_square += x * x / 2000.0;
  Settings settings = settings_of(1, FeatureKind::neural);
  settings.network.hidden = {16, 16};
  settings.network.learning_rate = 3e-3;
  const Estimate found = test::infer(simulator, observations, settings, {1.0}, 200);
  CHECK_THAT(found.parameters[0].estimate, WithinRel(mean_square, 0.1));
  // In u = log θ the information is 1/2; what features do not see of it is lost.
  CHECK(found.information[0] > 0.35);
  CHECK(found.information[0] < 0.65);
}

TEST_CASE("regions of 95 % hold the truth as often as they say", "[inference]") {
  // 200 repeats: of 95 %, between 90 and 98 % is within 3.2 and 2 standard errors of the share, 1.5 %.
  test::LinearGaussian simulator(2, 1.0, 0.5);
  const std::vector<double> truth = {0.3, -0.2};
  Settings settings = settings_of(2, FeatureKind::linear);
  settings.simulations = 300;
  int intervals = 0, regions = 0;
  constexpr int repeats = 200;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    settings.seed = 1000 + static_cast<std::uint64_t>(repeat);
    const ShardedRows observations =
        test::observe(simulator, truth, 60, 5000 + static_cast<std::uint64_t>(repeat));
    const Estimate estimate = test::infer(simulator, observations, settings, {0.0, 0.0}, 60);
    REQUIRE(estimate.is_determined());
    const ParameterEstimate& first = estimate.parameters[0];
    if (first.lower < truth[0] && truth[0] < first.upper) ++intervals;
    // Inside the ellipsoid: Σ_k (a_k · d)²/|a_k|⁴ <= 1 over its semi-axes a_k.
    double square = 0.0;
    for (std::size_t k = 0; k < 2; ++k) {
      const double* const axis = &estimate.region_axes[2 * k];
      const double length = axis[0] * axis[0] + axis[1] * axis[1];
      const double along = axis[0] * (truth[0] - estimate.u[0]) + axis[1] * (truth[1] - estimate.u[1]);
      square += along * along / (length * length);
    }
    if (square <= 1.0) ++regions;
  }
  INFO(intervals << " intervals and " << regions << " regions of " << repeats);
  CHECK(intervals >= 180);
  CHECK(intervals <= 196);
  CHECK(regions >= 180);
  CHECK(regions <= 196);
}

TEST_CASE("a pilot leaves aside widths that are far too narrow or too wide", "[inference]") {
  test::GaussianScale simulator(1);
  const ShardedRows observations = test::observe(simulator, std::vector<double>{4.0}, 500, 5);
  Settings settings = settings_of(1, FeatureKind::quadratic);
  settings.width_rule = WidthRule::pilot;
  settings.pilot_widths = {0.001, 1.0, 100.0};
  const comm::Communicator self(MPI_COMM_SELF);
  const Coordinates coordinates = test::coordinates_of(simulator);
  LikelihoodAscent ascent(self, {3, 1, 0}, simulator, coordinates, observations, settings,
                          std::vector<double>{0.0});
  ascent.run_pilot();
  CHECK(ascent.state().factor == 1.0);
}

TEST_CASE("annealing ends at the last width", "[inference]") {
  test::LinearGaussian simulator(2, 1.0, 0.0);
  const ShardedRows observations = test::observe(simulator, std::vector<double>{0.0, 0.0}, 100, 5);
  Settings settings = settings_of(2, FeatureKind::linear);
  settings.width_rule = WidthRule::annealed;
  settings.final_width = {0.1, 0.4};
  settings.annealed_steps = 11;
  const comm::Communicator self(MPI_COMM_SELF);
  LikelihoodAscent ascent(self, {3, 1, 0}, simulator, test::coordinates_of(simulator), observations, settings,
                          std::vector<double>{0.0, 0.0});
  CHECK(ascent.width(0) == std::vector<double>{0.5, 0.5});
  CHECK_THAT(ascent.width(5)[0], WithinRel(std::sqrt(0.05), 1e-14));
  CHECK_THAT(ascent.width(10)[0], WithinRel(0.1, 1e-14));
  CHECK_THAT(ascent.width(10)[1], WithinRel(0.4, 1e-14));
}

TEST_CASE("what cannot be fitted is refused", "[inference]") {
  test::LinearGaussian simulator(10, 1.0, 0.0);
  const ShardedRows observations = test::observe(simulator, std::vector<double>(10, 0.0), 100, 5);
  Settings settings = settings_of(10, FeatureKind::quadratic);
  settings.simulations = 100;
  const comm::Communicator self(MPI_COMM_SELF);
  const std::vector<double> start(10, 0.0);
  CHECK_THROWS_WITH(
      LikelihoodAscent(self, {3, 1, 0}, simulator, test::coordinates_of(simulator), observations, settings,
                       start),
      ContainsSubstring("of 65 features") && ContainsSubstring("inference.features = \"linear\""));
  test::LinearGaussian other(9, 1.0, 0.0);
  CHECK_THROWS_AS(LikelihoodAscent(self, {3, 1, 0}, other, test::coordinates_of(other), observations,
                                   settings, std::vector<double>(9, 0.0)),
                  core::InputError);
}
