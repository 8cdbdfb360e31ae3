// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using network::Activation;
using network::MlpShape;
using test::stream_of;

namespace {

std::vector<MlpShape> shapes(Activation activation) {
  return {{3, {}, activation}, {2, {5}, activation}, {3, {4, 7}, activation}, {9, {16, 16, 16}, activation}};
}

struct Samples {
  std::vector<double> parameters, x, v;  // (P), (N, D), (N, D)
};

Samples samples_for(const MlpShape& shape, std::size_t count) {
  const auto size = static_cast<std::size_t>(network::mlp_layout(shape).size());
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  return {test::arbitrary_numbers(size, 1, 0.7), test::arbitrary_numbers(count * dimension, 2, 2.0),
          test::arbitrary_numbers(count * dimension, 3, 1.5)};
}

/// One direction: the input's streams are x, v, 0 as far as the order asks.
template <int Order, class Scalar>
core::Rows<Scalar> input_of(const std::vector<double>& x, const std::vector<double>& v, int dimension) {
  const std::vector<std::vector<double>> streams{x, v, std::vector<double>(x.size())};
  return test::jet_rows<Scalar>({streams.begin(), streams.begin() + Order + 1},
                                static_cast<std::size_t>(dimension));
}

/// The same weights on the streams of every sample's energy.
template <class Scalar>
core::Rows<Scalar> weights_of(std::size_t count, const std::vector<double>& weights) {
  std::vector<Scalar> all;
  for (std::size_t row = 0; row < count; ++row) all.insert(all.end(), weights.begin(), weights.end());
  return test::to_rows(all, weights.size());
}

/// E, Ė and Ë of row `row` along v from the plain network: errors near 1e-16, 1e-12 and 1e-9.
std::vector<double> plain_jet(const MlpShape& shape, const Samples& samples, std::size_t row) {
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  constexpr double h = 2e-3;
  double energy[5];
  for (int k = -2; k <= 2; ++k) {
    std::vector<double> at(dimension);
    for (std::size_t d = 0; d < dimension; ++d)
      at[d] = samples.x[row * dimension + d] + k * h * samples.v[row * dimension + d];
    energy[k + 2] = test::plain_outputs(shape, samples.parameters, at)[0];
  }
  return {energy[2], test::central_slope(energy, h), test::central_curvature(energy, h)};
}

/// The jets of order 2; those of lower order must be the beginning of them.
template <class Scalar>
std::vector<Scalar> tile_jets(const MlpShape& shape, const Samples& samples) {
  const auto mlp = test::mlp_with<Scalar>(shape, samples.parameters);
  const int dimension = shape.inputs;
  const auto order0 = test::forward_jets<0>(mlp, 1, input_of<0, Scalar>(samples.x, samples.v, dimension));
  const auto order1 = test::forward_jets<1>(mlp, 1, input_of<1, Scalar>(samples.x, samples.v, dimension));
  const auto order2 = test::forward_jets<2>(mlp, 1, input_of<2, Scalar>(samples.x, samples.v, dimension));
  double apart = 0;
  for (std::size_t row = 0; row < order0.size(); ++row) {
    apart = std::max<double>(apart, std::abs(order0[row] - order2[3 * row]));
    for (std::size_t k = 0; k < 2; ++k)
      apart = std::max<double>(apart, std::abs(order1[2 * row + k] - order2[3 * row + k]));
  }
  CHECK(apart <= (sizeof(Scalar) == 8 ? 1e-13 : 2e-5));
  return order2;
}

template <class Scalar>
void check_golden(const test::GoldenCase& golden, double tolerance) {
  const int dimension = golden.shape.inputs;
  const auto mlp = test::mlp_with<Scalar>(golden.shape, golden["parameters"]);
  const auto x = test::to_rows(test::converted<Scalar>(golden["x"]), static_cast<std::size_t>(dimension));
  const auto order1 = test::run_tile<1>(mlp, 1, input_of<1, Scalar>(golden["x"], golden["v"], dimension),
                                        weights_of<Scalar>(golden.rows, {0, 1}));
  const auto order2 = test::run_tile<2>(mlp, 1, input_of<2, Scalar>(golden["x"], golden["v"], dimension),
                                        weights_of<Scalar>(golden.rows, {0, 1, 0}));
  CHECK(test::worst_error(stream_of(order2.jets, 0, 3), golden["energy"]) < tolerance);
  CHECK(test::worst_error(stream_of(order2.jets, 1, 3), golden["energy_dot"]) < tolerance);
  CHECK(test::worst_error(stream_of(order2.jets, 2, 3), golden["energy_ddot"]) < tolerance);
  // Seeded with β = 1, the adjoint of the value is the Hessian-vector product and that of the direction is
  // ∇E.
  CHECK(test::worst_error(stream_of(order1.input_adjoint, 0, 2), golden["hessian_vector"]) < tolerance);
  CHECK(test::worst_error(stream_of(order1.input_adjoint, 1, 2), golden["input_gradient"]) < tolerance);
  CHECK(test::worst_error(stream_of(order2.input_adjoint, 0, 3), golden["hessian_vector"]) < tolerance);
  CHECK(test::worst_error(stream_of(order2.input_adjoint, 1, 3), golden["input_gradient"]) < tolerance);
  const auto sampler = test::run_energy<Scalar>(mlp, x);
  CHECK(test::worst_error(sampler.energy, golden["energy"]) < tolerance);
  CHECK(test::worst_error(sampler.gradient, golden["input_gradient"]) < tolerance);
  CHECK(sampler.energy_alone == sampler.energy);
}

}  // namespace

TEST_CASE("jets agree with finite differences of a plain energy", "[network][mlp]") {
  constexpr std::size_t count = 64;
  for (const Activation activation :
       {Activation::silu, Activation::tanh, Activation::softplus, Activation::gelu, Activation::sin}) {
    for (const MlpShape& shape : shapes(activation)) {
      INFO("activation " << static_cast<int>(activation) << ", hidden layers " << shape.hidden.size());
      const Samples samples = samples_for(shape, count);
      std::vector<double> expected;
      for (std::size_t row = 0; row < count; ++row) {
        const auto jet = plain_jet(shape, samples, row);
        expected.insert(expected.end(), jet.begin(), jet.end());
      }
      const auto jets = tile_jets<double>(shape, samples);
      CHECK(test::worst_error(stream_of(jets, 0, 3), stream_of(expected, 0, 3)) < 1e-13);
      CHECK(test::worst_error(jets, expected) < 2e-8);
      CHECK(test::worst_error(tile_jets<float>(shape, samples), jets) < 1e-4);
    }
  }
}

TEST_CASE("energies and derivatives agree with PyTorch", "[network][mlp][golden]") {
  const auto cases = test::golden_mlp_cases();
  REQUIRE(cases.size() == 24);
  for (const auto& golden : cases) {
    INFO(golden.name);
    check_golden<double>(golden, 1e-10);
    check_golden<float>(golden, 1e-4);
  }
}

// Seeded with (α, β, γ), the adjoint of the last input stream is γ∇E, whatever the network.
TEST_CASE("the reverse pass of order two is linear in its weights", "[network][mlp]") {
  const MlpShape shape{3, {4, 7}, Activation::silu};
  const Samples samples = samples_for(shape, 20);
  const auto mlp = test::mlp_with<double>(shape, samples.parameters);
  const auto input = input_of<2, double>(samples.x, samples.v, 3);
  const auto along = [&](double alpha, double beta, double gamma) {
    return test::run_tile<2>(mlp, 1, input, weights_of<double>(20, {alpha, beta, gamma})).input_adjoint;
  };
  const auto alpha = along(1, 0, 0), beta = along(0, 1, 0), gamma = along(0, 0, 1);
  auto expected = alpha;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = 0.5 * alpha[i] - 2 * beta[i] + 3 * gamma[i];
  CHECK(test::worst_error(along(0.5, -2, 3), expected) < 1e-13);
  CHECK(test::worst_error(stream_of(gamma, 2, 3),
                          test::run_energy(mlp, test::to_rows(samples.x, 3)).gradient) < 1e-13);
}

TEST_CASE("a network that is told log sigma is an energy of its other inputs", "[network][mlp]") {
  const MlpShape shape{3, {4, 7}, Activation::tanh};
  const Samples samples = samples_for(shape, 20);
  const auto mlp = test::mlp_with<double>(shape, samples.parameters);
  constexpr double log_sigma = -0.75;
  auto whole = samples.x;  // (20, 3), the last column log σ
  std::vector<double> x, expected;
  for (std::size_t row = 0; row < 20; ++row) {
    whole[3 * row + 2] = log_sigma;
    x.insert(x.end(), {whole[3 * row], whole[3 * row + 1]});
  }
  const network::MlpEnergy<double> energy{mlp.view(), network::Output::energy, network::Condition::log_sigma,
                                          log_sigma};
  CHECK(energy.dimension() == 2);
  const auto told = test::run_energy(energy, test::to_rows(x, 2));
  const auto all = test::run_energy(mlp, test::to_rows(whole, 3));
  for (std::size_t row = 0; row < 20; ++row)
    expected.insert(expected.end(), {all.gradient[3 * row], all.gradient[3 * row + 1]});
  CHECK(told.energy == all.energy);
  CHECK(told.gradient == expected);
  CHECK(told.energy_alone == all.energy);
}

// A sampler follows -gradient: of a score network that is its output.
TEST_CASE("a score network gives its score as the gradient and no energy", "[network][mlp]") {
  for (const auto condition : {network::Condition::none, network::Condition::log_sigma}) {
    const int told = condition == network::Condition::none ? 0 : 1;
    const MlpShape shape{2 + told, {5}, Activation::silu, 2};
    const Samples samples = samples_for(shape, 20);
    const auto mlp = test::mlp_with<double>(shape, samples.parameters);
    std::vector<double> x, expected;
    for (std::size_t row = 0; row < 20; ++row) {
      std::vector<double> at{samples.x[2 * row], samples.x[2 * row + 1]};
      x.insert(x.end(), at.begin(), at.end());
      if (told) at.push_back(0.5);
      for (const double s : test::plain_outputs(shape, samples.parameters, at)) expected.push_back(-s);
    }
    const network::MlpEnergy<double> energy{mlp.view(), network::Output::score, condition, 0.5};
    CHECK(energy.dimension() == 2);
    const auto result = test::run_energy(energy, test::to_rows(x, 2));
    CHECK(test::worst_error(result.gradient, expected) < 1e-13);
    CHECK(result.energy == std::vector<double>(20, 0.0));
    CHECK(result.energy_alone == std::vector<double>(20, 0.0));
  }
}
