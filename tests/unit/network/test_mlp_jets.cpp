// SPDX-License-Identifier: Apache-2.0
// One contract for every layer count, order, smooth activation, number of directions and of outputs.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using network::Activation;
using network::MlpShape;

namespace {

constexpr std::size_t count = 12;  // samples
constexpr int dimension = 3;

constexpr Activation smooth[] = {Activation::silu, Activation::tanh, Activation::softplus,
                                 Activation::gelu, Activation::sin,  Activation::quadratic};

using Streams = std::vector<std::vector<double>>;  // each (N, D)

template <int Order>
int streams_of(int directions) {
  return network::MlpTile<double, Order, network::Keep::everything>::streams_of(directions);
}

struct Problem {
  MlpShape shape;
  int directions;
  std::vector<double> parameters;
  Streams streams;              // of the input: x, v_1 … v_K, ℓ_0
  std::vector<double> weights;  // (N, outputs, streams)
};

template <int Order>
Problem problem_for(const MlpShape& shape, int directions) {
  Problem problem{shape, directions, {}, {}, {}};
  const auto parameters = static_cast<std::size_t>(network::mlp_layout(shape).size());
  problem.parameters = test::arbitrary_numbers(parameters, 1, 0.6);
  const auto streams = static_cast<std::size_t>(streams_of<Order>(directions));
  for (std::uint32_t s = 0; s < streams; ++s)
    problem.streams.push_back(test::arbitrary_numbers(count * dimension, 10 + s, s == 0 ? 1.5 : 1.0));
  problem.weights =
      test::arbitrary_numbers(count * static_cast<std::size_t>(shape.outputs) * streams, 2, 1.0);
  return problem;
}

template <int Order>
std::vector<double> forward_at(const Problem& problem, const std::vector<double>& parameters,
                               const Streams& streams) {
  return test::forward_jets<Order>(test::mlp_with<double>(problem.shape, parameters), problem.directions,
                                   test::jet_rows<double>(streams, dimension));
}

/// The outputs at x + k h v for k = -2 … 2, by output.
std::vector<std::vector<double>> plain_along(const Problem& problem, std::size_t row,
                                             const std::vector<double>& v, double h) {
  std::vector<std::vector<double>> values(static_cast<std::size_t>(problem.shape.outputs));
  for (int k = -2; k <= 2; ++k) {
    std::vector<double> at(dimension);
    for (std::size_t d = 0; d < dimension; ++d)
      at[d] = problem.streams[0][row * dimension + d] + k * h * v[row * dimension + d];
    const auto outputs = test::plain_outputs(problem.shape, problem.parameters, at);
    for (std::size_t o = 0; o < outputs.size(); ++o) values[o].push_back(outputs[o]);
  }
  return values;
}

/// The jets (N, outputs, streams) by finite differences of the plain network: Σ_k v_kᵀ(∇²h)v_k + (∇h)·ℓ_0 in
/// the last stream of order 2.
template <int Order>
std::vector<double> plain_jets(const Problem& problem) {
  constexpr double h = 2e-3;
  const auto streams = problem.streams.size(), outputs = static_cast<std::size_t>(problem.shape.outputs);
  std::vector<double> jets(count * outputs * streams);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t s = 0; s < streams; ++s) {
      const auto values = plain_along(problem, row, problem.streams[s], h);
      for (std::size_t o = 0; o < outputs; ++o) {
        double* const jet = &jets[(row * outputs + o) * streams];
        const double* const at = values[o].data();
        if (s == 0) jet[0] = at[2];
        if (s > 0) jet[s] += test::central_slope(at, h);
        if (Order == 2 && s > 0 && s + 1 < streams) jet[streams - 1] += test::central_curvature(at, h);
      }
    }
  }
  return jets;
}

double largest(const std::vector<double>& values) {
  double scale = 1;
  for (const double value : values) scale = std::max(scale, std::abs(value));
  return scale;
}

double weighted(const std::vector<double>& weights, const std::vector<double>& jets, std::size_t first,
                std::size_t end) {
  double sum = 0;
  for (std::size_t i = first; i < end; ++i) sum += weights[i] * jets[i];
  return sum;
}

/// The adjoint of every number of the input against differences of each sample's Σ weights · output.
template <int Order>
double adjoint_error(const Problem& problem, const std::vector<double>& adjoint) {
  const std::size_t streams = problem.streams.size(), row_size = problem.weights.size() / count;
  double worst = 0;
  for (std::size_t s = 0; s < streams; ++s) {
    for (std::size_t d = 0; d < dimension; ++d) {
      constexpr double h = 1e-3;
      const auto jets_at = [&](double offset) {
        Streams moved = problem.streams;
        for (std::size_t row = 0; row < count; ++row) moved[s][row * dimension + d] += offset;
        return forward_at<Order>(problem, problem.parameters, moved);
      };
      const std::vector<double> at[4] = {jets_at(-2 * h), jets_at(-h), jets_at(h), jets_at(2 * h)};
      for (std::size_t row = 0; row < count; ++row) {
        double sums[5] = {};
        for (std::size_t k = 0; k < 4; ++k) {
          sums[k < 2 ? k : k + 1] = weighted(problem.weights, at[k], row * row_size, (row + 1) * row_size);
        }
        const double slope = test::central_slope(sums, h);
        worst = std::max(worst, std::abs(slope - adjoint[(row * dimension + d) * streams + s]));
      }
    }
  }
  return worst;
}

/// The gradient of every `stride`-th parameter against differences of Σ weights · output.
template <int Order>
double gradient_error(const Problem& problem, const std::vector<double>& gradient, std::size_t stride) {
  double worst = 0;
  for (std::size_t i = 0; i < gradient.size(); i += stride) {
    const auto sum_at = [&](double offset) {
      auto moved = problem.parameters;
      moved[i] += offset;
      const auto jets = forward_at<Order>(problem, moved, problem.streams);
      return weighted(problem.weights, jets, 0, jets.size());
    };
    worst = std::max(worst, std::abs(test::slope_of(sum_at, 1e-3) - gradient[i]));
  }
  return worst;
}

template <int Order>
void check_contract(const MlpShape& shape, int directions) {
  INFO("order " << Order << ", activation " << static_cast<int>(shape.activation) << ", hidden layers "
                << shape.hidden.size() << ", outputs " << shape.outputs << ", directions " << directions);
  const Problem problem = problem_for<Order>(shape, directions);
  const auto mlp = test::mlp_with<double>(shape, problem.parameters);
  const auto result =
      test::run_tile<Order>(mlp, directions, test::jet_rows<double>(problem.streams, dimension),
                            test::to_rows(problem.weights, problem.weights.size() / count));
  const auto expected = plain_jets<Order>(problem);
  const int streams = streams_of<Order>(directions);
  CHECK(test::worst_error(test::stream_of(result.jets, 0, streams), test::stream_of(expected, 0, streams)) <
        1e-13);
  CHECK(test::worst_error(result.jets, expected) < 2e-8);
  if (Order > 0) CHECK(test::worst_error(result.jets_in_two, result.jets) < 1e-13);

  CHECK(adjoint_error<Order>(problem, result.input_adjoint) < 1e-8 * largest(result.input_adjoint));
  const std::size_t stride = result.gradient.size() / 24 + 1;
  CHECK(gradient_error<Order>(problem, result.gradient, stride) < 1e-8 * largest(result.gradient));

  if constexpr (Order == 0) {
    return;
  } else {
    if (shape.outputs == 1) {
      const auto reused = test::gradient_after_value<Order>(
          mlp, directions, test::jet_rows<double>(problem.streams, dimension),
          test::to_rows(problem.weights, problem.weights.size() / count));
      CHECK(test::worst_error(reused, result.gradient) < 1e-13);
    }
  }

  // The weights of the values alone, pulled back to x.
  double worst = 0;
  const auto outputs = static_cast<std::size_t>(shape.outputs);
  for (std::size_t d = 0; d < dimension; ++d) {
    std::vector<double> unit(count * dimension);
    for (std::size_t row = 0; row < count; ++row) unit[row * dimension + d] = 1;
    for (std::size_t row = 0; row < count; ++row) {
      const auto values = plain_along(problem, row, unit, 1e-3);
      double slope = 0;
      for (std::size_t o = 0; o < outputs; ++o) {
        slope += problem.weights[(row * outputs + o) * problem.streams.size()] *
                 test::central_slope(values[o].data(), 1e-3);
      }
      worst = std::max(worst, std::abs(slope - result.value_gradient[row * dimension + d]));
    }
  }
  CHECK(worst < 1e-9 * largest(result.value_gradient));
}

template <int Order>
void check_all() {
  // Widths on both sides of a panel and of a group of columns.
  const std::vector<std::vector<int>> hidden{{}, {5}, {34, 7}, {17, 3, 9}};
  for (const Activation activation : smooth) {
    for (const auto& widths : hidden) {
      for (const int outputs : {1, 3}) {
        for (int directions = 1; directions <= (Order == 0 ? 1 : 3); ++directions)
          check_contract<Order>({dimension, widths, activation, outputs}, directions);
      }
    }
  }
}

}  // namespace

TEST_CASE("values, adjoints and gradients agree with finite differences", "[network][jets]") {
  check_all<0>();
}
TEST_CASE("jets of order one, adjoints and gradients agree with finite differences", "[network][jets]") {
  check_all<1>();
}
TEST_CASE("jets of order two, adjoints and gradients agree with finite differences", "[network][jets]") {
  check_all<2>();
}

TEST_CASE("with the unit vectors the last stream is the Laplacian", "[network][jets]") {
  for (const Activation activation : smooth) {
    INFO("activation " << static_cast<int>(activation));
    Problem problem = problem_for<2>({dimension, {5, 6}, activation}, dimension);
    for (std::size_t k = 0; k < dimension; ++k) {
      for (std::size_t i = 0; i < count * dimension; ++i)
        problem.streams[1 + k][i] = i % dimension == k ? 1.0 : 0.0;
    }
    problem.streams.back().assign(count * dimension, 0.0);
    const auto jets = forward_at<2>(problem, problem.parameters, problem.streams);
    std::vector<double> laplacian(count);
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t k = 0; k < dimension; ++k) {
        const auto values = plain_along(problem, row, problem.streams[1 + k], 2e-3);
        laplacian[row] += test::central_curvature(values[0].data(), 2e-3);
      }
    }
    CHECK(test::worst_error(test::stream_of(jets, dimension + 1, dimension + 2), laplacian) < 1e-8);
  }
}

// ½ Σ_i (w_i·x)² has the Hessian Σ_i w_i w_iᵀ everywhere: nothing is left to differences.
TEST_CASE("the second derivatives of a quadratic energy are exact", "[network][jets]") {
  const MlpShape shape{2, {2}, Activation::quadratic};
  const auto mlp = test::mlp_with<double>(shape, {1, 2, 0, 3, 0, 0, 1, 1, 0});  // w_1 = (1, 2), w_2 = (0, 3)
  const auto jets =
      test::forward_jets<2>(mlp, 2, test::jet_rows<double>({{1, -1}, {1, 0}, {0, 1}, {0.5, 0}}, 2));
  // E = ½(-1)² + ½(-3)²; ∇E = (-1)(1, 2) + (-3)(0, 3) = (-1, -11); ΔE = 1 + 4 + 9, and ∇E·(½, 0).
  CHECK(jets == std::vector<double>{5, -1, -11, 13.5});
}
