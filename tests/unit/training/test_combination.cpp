// SPDX-License-Identifier: Apache-2.0
#include "training/combination.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "data/synthetic.hpp"
#include "network/evaluate.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"
#include "training/density_model.hpp"

using namespace ebmpi;
using Catch::Matchers::ContainsSubstring;
using training::CombinationKind;
using Model = training::Model<double>;

namespace {

Model density(const std::string& text) {
  return training::density_model<double>(training::parse_density_name("density:" + text));
}

/// E at points in data units (N, D).
std::vector<double> energies(const Model& model, const std::vector<double>& x) {
  const auto dimension = static_cast<std::size_t>(model.transform.dimension());
  std::vector<double> z(x.size() / dimension * static_cast<std::size_t>(model.transform.model_dimension()));
  model.transform.to_model(x, z);
  const auto rows = test::to_rows(z, static_cast<std::size_t>(model.transform.model_dimension()));
  const test::Buffer<double> energy("ebmpi::test::energy", rows.extent(0));
  network::evaluate(core::ExecutionSpace(), model.energy(), rows, energy);
  return test::to_host(energy);
}

/// The same density where model space is other than data space.
Model standardised(const Model& model, const std::vector<double>& mean, const std::vector<double>& scale) {
  Model result = model;
  result.transform = data::DataTransform(mean, scale);
  result.parts = model.parts.seen_through(network::AffineMap::diagonal(scale, mean));
  for (std::size_t d = 0; d < mean.size(); ++d) {
    result.moments.mean[d] = (model.moments.mean[d] - mean[d]) / scale[d];
    result.moments.deviation[d] = model.moments.deviation[d] / scale[d];
  }
  return result;
}

const std::vector<double> points = test::arbitrary_numbers(2 * 100, 3, 2.0);

}  // namespace

TEST_CASE("closed forms are minus the log density", "[training][combination]") {
  for (const std::string name : {"gaussian,dimension=5", "gaussian_mixture,dimension=5,noise=0.8",
                                 "eight_gaussians", "twenty_five_gaussians,noise=0.7",
                                 "double_well,dimension=5,noise=0.6", "funnel,dimension=5,noise=3"}) {
    INFO(name);
    const training::DensityName parsed = training::parse_density_name("density:" + name);
    const auto exact = data::make_density(parsed.name, parsed.dimension, parsed.noise);
    const auto size = static_cast<std::size_t>(parsed.dimension);
    const std::vector<double> x = test::arbitrary_numbers(size * 40, 5, 2.0);
    std::vector<double> want;
    for (std::size_t row = 0; row < 40; ++row) {
      const auto at = std::span(x).subspan(row * size, size);
      want.push_back(-*exact->log_density(at));
    }
    CHECK(test::worst_error(energies(density(name), x), want) < 1e-12);
  }
  CHECK_THROWS_WITH(density("rings"), ContainsSubstring("no closed form"));
  CHECK_THROWS_WITH(density("nothing"), ContainsSubstring("unknown density"));
  CHECK_THROWS_WITH(density("gaussian,size=3"), ContainsSubstring("no option 'size'"));
  CHECK_THROWS_WITH(density("gaussian,dimension=x"), ContainsSubstring("not followed by a number"));
}

TEST_CASE("products and mixtures of models in different spaces", "[training][combination]") {
  const Model gaussian = density("gaussian");
  const Model well = standardised(density("double_well,noise=0.7"), {0.5, -1.0}, {2.0, 0.3});
  const Model eight = standardised(density("eight_gaussians,noise=0.5"), {-0.2, 0.1}, {0.7, 1.9});
  const auto a = energies(gaussian, points), b = energies(well, points), c = energies(eight, points);
  std::vector<double> product, mixture, nested;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product.push_back(0.5 * b[i] + 2.0 * a[i] - 0.25 * c[i]);
    mixture.push_back(-std::log(0.75 * std::exp(-b[i] - 0.3) + 0.25 * std::exp(-a[i] + 1.2)));
    nested.push_back((0.5 * mixture[i] + 1.5 * c[i]) / 2.5);
  }
  const Model both = training::combine_models(CombinationKind::product, std::vector{well, gaussian, eight},
                                              {{0.5, 0.0}, {2.0, 0.0}, {-0.25, 0.0}});
  CHECK(test::worst_error(energies(both, points), product) < 1e-12);
  const Model either = training::combine_models(CombinationKind::mixture, std::vector{well, gaussian},
                                                {{3.0, 0.3}, {1.0, -1.2}});
  CHECK(test::worst_error(energies(either, points), mixture) < 1e-12);
  const Model deep =
      training::tempered(training::combine_models(CombinationKind::product, std::vector{either, eight},
                                                  {{0.5, 0.0}, {1.5, 0.0}}),
                         2.5);
  CHECK(test::worst_error(energies(deep, points), nested) < 1e-12);
  CHECK(deep.temperature == 1.0);
}

TEST_CASE("members count at their own temperatures", "[training][combination]") {
  Model warm = density("gaussian");
  warm.temperature = 2.0;
  const auto a = energies(warm, points);
  std::vector<double> want;
  for (const double energy : a) want.push_back(energy / 2 + energy);
  const Model product =
      training::combine_models(CombinationKind::product, std::vector{warm, density("gaussian")}, {{}, {}});
  CHECK(test::worst_error(energies(product, points), want) < 1e-12);
}

TEST_CASE("chains of a combination start where the data of all members are", "[training][combination]") {
  const Model left = standardised(density("gaussian"), {0.0, 0.0}, {1.0, 1.0});
  Model right = density("gaussian");
  right.transform = data::DataTransform({10.0, 0.0}, {1.0, 1.0});
  const Model both = training::combine_models(CombinationKind::mixture, std::vector{left, right}, {{}, {}});
  CHECK(std::abs(both.moments.mean[0] - 5.0) < 0.1);
  CHECK(std::abs(both.moments.deviation[0] - std::sqrt(26.0)) < 0.1);
  CHECK(both.moments.maximum[0] > 12.0);
  CHECK(both.moments.minimum[0] < -2.0);
}

TEST_CASE("models that do not go together are refused", "[training][combination]") {
  const auto combined = [](CombinationKind kind, const std::vector<Model>& models) {
    return training::combine_models(kind, models, std::vector<training::Member>(models.size()));
  };
  CHECK_THROWS_WITH(
      combined(CombinationKind::product, {density("gaussian"), density("gaussian,dimension=3")}),
      ContainsSubstring("2 coordinates") && ContainsSubstring("of 3"));
  Model score = density("gaussian");
  score.gives_energy = false;
  CHECK_THROWS_WITH(combined(CombinationKind::product, {score}), ContainsSubstring("score network"));
  Model projected = density("gaussian,dimension=1");
  projected.transform = data::DataTransform({0.0, 0.0}, {1.0, 1.0}, {1.0, 0.0});
  CHECK_THROWS_WITH(combined(CombinationKind::mixture, {density("gaussian"), projected}),
                    ContainsSubstring("projection"));
  CHECK_NOTHROW(combined(CombinationKind::product, {density("gaussian"), projected}));
  CHECK_NOTHROW(combined(CombinationKind::mixture, {projected, projected}));
}
