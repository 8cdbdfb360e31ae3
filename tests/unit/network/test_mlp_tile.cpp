// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/activation_definitions.hpp"
#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/numbers.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using network::Activation;
using network::MlpShape;

namespace {

constexpr Activation smooth[] = {Activation::silu, Activation::tanh, Activation::softplus, Activation::gelu,
                                 Activation::sin};

std::vector<MlpShape> shapes(Activation activation) {
  return {{3, {}, activation}, {2, {5}, activation}, {3, {4, 7}, activation}, {9, {16, 16, 16}, activation}};
}

/// E at one sample with nothing but loops.
double plain_energy(const MlpShape& shape, const std::vector<double>& parameters, std::vector<double> h) {
  std::size_t at = 0;
  for (int layer = 0; layer < shape.layers(); ++layer) {
    const std::size_t in = h.size(), out = static_cast<std::size_t>(shape.layer_outputs(layer));
    std::vector<double> z(out);
    for (std::size_t row = 0; row < out; ++row) {
      for (std::size_t i = 0; i < in; ++i) z[row] += parameters[at + row * in + i] * h[i];
    }
    at += in * out;
    for (std::size_t row = 0; row < out; ++row) z[row] += parameters[at + row];
    at += out;
    if (layer + 1 < shape.layers()) {
      for (double& value : z) value = test::activation_definition(shape.activation, value);
    }
    h = z;
  }
  return h[0];
}

/// E, Ė and Ë of row `row` along v, by central differences of fourth order: errors near 1e-12, 1e-12 and
/// 1e-9.
std::vector<double> plain_jet(const MlpShape& shape, const std::vector<double>& parameters,
                              const std::vector<double>& x, const std::vector<double>& v, std::size_t row) {
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  constexpr double h = 2e-3;
  double energy[5];
  for (int k = -2; k <= 2; ++k) {
    std::vector<double> at(dimension);
    for (std::size_t d = 0; d < dimension; ++d)
      at[d] = x[row * dimension + d] + k * h * v[row * dimension + d];
    energy[k + 2] = plain_energy(shape, parameters, at);
  }
  return {energy[2], (8 * (energy[3] - energy[1]) - (energy[4] - energy[0])) / (12 * h),
          (16 * (energy[3] + energy[1]) - (energy[4] + energy[0]) - 30 * energy[2]) / (12 * h * h)};
}

struct Samples {
  std::vector<double> parameters, x, v;
};

Samples samples_for(const MlpShape& shape, std::size_t count) {
  const auto size = static_cast<std::size_t>(network::mlp_layout(shape).size());
  const auto dimension = static_cast<std::size_t>(shape.inputs);
  return {test::arbitrary_numbers(size, 1, 0.7), test::arbitrary_numbers(count * dimension, 2, 2.0),
          test::arbitrary_numbers(count * dimension, 3, 1.5)};
}

/// The jets of order 0, 1 and 2 by the code under test; those of lower order must be the beginning of the
/// higher ones.
template <class Scalar>
std::vector<Scalar> tile_jets(const MlpShape& shape, const Samples& samples) {
  const auto mlp = test::mlp_with<Scalar>(shape, samples.parameters);
  const auto x = test::to_rows(test::converted<Scalar>(samples.x), static_cast<std::size_t>(shape.inputs));
  const auto v = test::to_rows(test::converted<Scalar>(samples.v), static_cast<std::size_t>(shape.inputs));
  const auto order0 = test::run_tile<0, Scalar>(mlp, x, v, {1});
  const auto order1 = test::run_tile<1, Scalar>(mlp, x, v, {0, 1});
  const auto order2 = test::run_tile<2, Scalar>(mlp, x, v, {0, 0, 1});
  double apart = 0;
  for (std::size_t row = 0; row < order0.jets.size(); ++row) {
    apart = std::max<double>(apart, std::abs(order0.jets[row] - order2.jets[3 * row]));
    for (int k = 0; k < 2; ++k)
      apart = std::max<double>(apart, std::abs(order1.jets[2 * row + k] - order2.jets[3 * row + k]));
  }
  CHECK(apart <= (sizeof(Scalar) == 8 ? 1e-13 : 2e-5));
  return order2.jets;
}

/// Column `stream` of an adjoint (N, streams, D).
template <class Scalar>
std::vector<Scalar> stream_of(const std::vector<Scalar>& adjoint, int stream, int streams,
                              std::size_t dimension) {
  std::vector<Scalar> result;
  for (std::size_t i = 0; i < adjoint.size(); ++i) {
    if (static_cast<int>(i / dimension % streams) == stream) result.push_back(adjoint[i]);
  }
  return result;
}

template <class Scalar>
std::vector<Scalar> jet_column(const std::vector<Scalar>& jets, std::size_t stream, std::size_t streams) {
  std::vector<Scalar> result;
  for (std::size_t i = stream; i < jets.size(); i += streams) result.push_back(jets[i]);
  return result;
}

template <class Scalar>
void check_golden(const test::GoldenCase& golden, double tolerance) {
  const auto dimension = static_cast<std::size_t>(golden.shape.inputs);
  const auto mlp = test::mlp_with<Scalar>(golden.shape, golden["parameters"]);
  const auto x = test::to_rows(test::converted<Scalar>(golden["x"]), dimension);
  const auto v = test::to_rows(test::converted<Scalar>(golden["v"]), dimension);
  const auto order1 = test::run_tile<1, Scalar>(mlp, x, v, {0, 1});
  const auto order2 = test::run_tile<2, Scalar>(mlp, x, v, {0, 1, 0});
  CHECK(test::worst_error(jet_column(order2.jets, 0, 3), golden["energy"]) < tolerance);
  CHECK(test::worst_error(jet_column(order2.jets, 1, 3), golden["energy_dot"]) < tolerance);
  CHECK(test::worst_error(jet_column(order2.jets, 2, 3), golden["energy_ddot"]) < tolerance);
  // Seeded with β = 1, the adjoint of the value is the Hessian-vector product and that of the direction is
  // ∇E.
  CHECK(test::worst_error(stream_of(order1.input_adjoint, 0, 2, dimension), golden["hessian_vector"]) <
        tolerance);
  CHECK(test::worst_error(stream_of(order1.input_adjoint, 1, 2, dimension), golden["input_gradient"]) <
        tolerance);
  CHECK(test::worst_error(stream_of(order2.input_adjoint, 0, 3, dimension), golden["hessian_vector"]) <
        tolerance);
  CHECK(test::worst_error(stream_of(order2.input_adjoint, 1, 3, dimension), golden["input_gradient"]) <
        tolerance);
  const auto sampler = test::run_energy<Scalar>(mlp, x);
  CHECK(test::worst_error(sampler.energy, golden["energy"]) < tolerance);
  CHECK(test::worst_error(sampler.gradient, golden["input_gradient"]) < tolerance);
  CHECK(sampler.energy_alone == sampler.energy);
}

}  // namespace

TEST_CASE("jets agree with finite differences of a plain energy", "[network][mlp]") {
  constexpr std::size_t count = 64;
  for (const Activation activation : smooth) {
    for (const MlpShape& shape : shapes(activation)) {
      INFO("activation " << static_cast<int>(activation) << ", hidden layers " << shape.hidden.size());
      const Samples samples = samples_for(shape, count);
      std::vector<double> expected;
      for (std::size_t row = 0; row < count; ++row) {
        const auto jet = plain_jet(shape, samples.parameters, samples.x, samples.v, row);
        expected.insert(expected.end(), jet.begin(), jet.end());
      }
      const auto jets = tile_jets<double>(shape, samples);
      CHECK(test::worst_error(jet_column(jets, 0, 3), jet_column(expected, 0, 3)) < 1e-13);
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
  const auto x = test::to_rows(samples.x, 3), v = test::to_rows(samples.v, 3);
  const auto along = [&](double alpha, double beta, double gamma) {
    return test::run_tile<2, double>(mlp, x, v, {alpha, beta, gamma}).input_adjoint;
  };
  const auto alpha = along(1, 0, 0), beta = along(0, 1, 0), gamma = along(0, 0, 1);
  auto expected = alpha;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = 0.5 * alpha[i] - 2 * beta[i] + 3 * gamma[i];
  CHECK(test::worst_error(along(0.5, -2, 3), expected) < 1e-13);
  CHECK(test::worst_error(stream_of(gamma, 2, 3, 3), test::run_energy(mlp, x).gradient) < 1e-13);
}
