// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/compare.hpp"
#include "support/golden.hpp"
#include "support/jet_sums.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using network::Activation;
using network::MlpShape;

namespace ebmpi::test {

/// Directions that are given, one (N, D) to a row; ℓ_0 = 0.
template <class Scalar, int Order>
struct AlongGiven : TestProgram<Scalar> {
  static constexpr int order = Order;

  core::Rows<Scalar> given;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    if constexpr (Order > 0) {
      core::load_tile(member, given, b.block.first, b.block.count, b.input_row(0, 1), b.lanes);
    }
    if constexpr (Order == 2) {
      core::for_each_lane(member, b.inputs, [=](int row, int lane) { b.input_row(row, 2)[lane] = 0; });
    }
  }
};

/// Σ_b [α_b E_b + β_b Ė_b + γ_b Ë_b] with given weights: the role of a block is the number of its only
/// sample. The one term counts the samples.
template <class Scalar, int Order>
struct GivenWeights : AlongGiven<Scalar, Order> {
  static constexpr int terms = 1;

  Buffer<Scalar> weights;  // (samples · streams)

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    core::for_each_lane(member, Order + 1, [=, from = weights](int k, int lane) {
      b.weights[k * b.size + lane] = from(b.block.role * (Order + 1) + k);
    });
    core::for_each_lane(member, 1, [=](int, int lane) { b.term(0)[lane] = 1; });
  }
};

/// A loss that is quadratic in the jet, Σ_k a_k y_k + ½ c_k y_k², with a and c of its own for each role; its
/// terms are that loss and the sum of the values of each stream. The weights are its derivatives.
template <class Scalar, int Order>
struct QuadraticLoss : AlongGiven<Scalar, Order> {
  static constexpr int terms = Order + 2;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const JetBlock<Scalar>& b,
                                         const JetBatch<Scalar>&) const {
    const int role = b.block.role;
    core::for_each(member, b.size, [=](int lane) {
      const Scalar a[3] = {Scalar(1) - Scalar(2) * role, Scalar(-0.5), Scalar(0.75) + role};
      const Scalar c[3] = {Scalar(0.5), Scalar(1) + role, Scalar(-0.25)};
      for (int k = 0; k <= Order; ++k) {
        const Scalar y = b.output[k * b.size + lane];
        b.weights[k * b.size + lane] = a[k] + c[k] * y;
        b.term(0)[lane] += (a[k] + Scalar(0.5) * c[k] * y) * y;
        b.term(k + 1)[lane] = y;
      }
    });
  }
};

/// The gradient of one golden case at one order, from blocks of one sample each.
template <int Order, class Scalar>
std::vector<double> golden_gradient(const GoldenCase& golden) {
  std::vector<Scalar> weights;
  std::vector<SampleBlock> blocks;
  for (std::size_t b = 0; b < golden.rows; ++b) {
    const double jet_weights[] = {golden["alpha"][b], golden["beta"][b], golden["gamma"][b]};
    for (int k = 0; k <= Order; ++k) weights.push_back(static_cast<Scalar>(jet_weights[k]));
    blocks.push_back({static_cast<std::int64_t>(b), 1, static_cast<int>(b)});
  }
  const auto dimension = static_cast<std::size_t>(golden.shape.inputs);
  GivenWeights<Scalar, Order> program;
  program.given = to_rows(converted<Scalar>(golden["v"]), dimension);
  program.weights = to_device(weights);
  const auto sums =
      jet_sums(mlp_with<Scalar>(golden.shape, golden["parameters"]), *objective_of<Scalar>(program),
               batch_of(to_rows(converted<Scalar>(golden["x"]), dimension), blocks));
  CHECK(sums.terms[0] == static_cast<double>(golden.rows));
  return sums.gradient;
}

/// A data set of 130 samples in two roles: blocks of 64 and 6, 60.
template <int Order>
struct Problem {
  MlpShape shape;
  std::vector<double> parameters, x, v;
  std::vector<SampleBlock> blocks{{0, 64, 0}, {64, 6, 0}, {70, 60, 1}};

  explicit Problem(const MlpShape& of) : shape(of) {
    const auto dimension = static_cast<std::size_t>(shape.inputs);
    parameters = arbitrary_numbers(static_cast<std::size_t>(network::mlp_layout(shape).size()), 5, 0.7);
    x = arbitrary_numbers(130 * dimension, 6, 2.0);
    v = arbitrary_numbers(130 * dimension, 7, 1.5);
  }

  template <class Scalar>
  JetSums sums(int workers, const std::vector<double>& at) const {
    const auto dimension = static_cast<std::size_t>(shape.inputs);
    QuadraticLoss<Scalar, Order> program;
    program.given = to_rows(converted<Scalar>(v), dimension);
    return jet_sums(mlp_with<Scalar>(shape, at), *objective_of<Scalar>(program),
                    batch_of(to_rows(converted<Scalar>(x), dimension), blocks), workers);
  }
  double loss(const std::vector<double>& at) const { return sums<double>(2, at).terms[0]; }
};

/// The gradient against central differences of the loss in every parameter (every `stride`-th of a large
/// network).
template <int Order>
void check_finite_differences(const MlpShape& shape) {
  INFO("order " << Order << ", activation " << static_cast<int>(shape.activation) << ", hidden layers "
                << shape.hidden.size());
  const Problem<Order> problem(shape);
  const auto gradient = problem.template sums<double>(2, problem.parameters).gradient;
  double scale = 1, worst = 0;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  const std::size_t stride = gradient.size() > 100 ? 7 : 1;
  for (std::size_t i = 0; i < gradient.size(); i += stride) {
    const auto loss_at = [&](double offset) {
      auto moved = problem.parameters;
      moved[i] += offset;
      return problem.loss(moved);
    };
    worst = std::max(worst, std::abs(slope_of(loss_at, 1e-3) - gradient[i]));
  }
  CHECK(worst < 1e-7 * scale);
}

template <int Order>
void check_all_networks() {
  for (const Activation activation :
       {Activation::silu, Activation::tanh, Activation::softplus, Activation::gelu, Activation::sin}) {
    check_finite_differences<Order>({3, {4, 7}, activation});
  }
  check_finite_differences<Order>({3, {}, Activation::silu});
  check_finite_differences<Order>({2, {5}, Activation::tanh});
  check_finite_differences<Order>({9, {16, 16, 16}, Activation::silu});
}

template <int Order>
void check_bits() {
  const Problem<Order> problem({9, {16, 8}, Activation::silu});
  const auto one = problem.template sums<float>(1, problem.parameters);
  for (const int workers : {2, 3, 8}) {
    CHECK(problem.template sums<float>(workers, problem.parameters).fixed_point == one.fixed_point);
  }
  auto turned = problem;
  std::rotate(turned.blocks.begin(), turned.blocks.begin() + 1, turned.blocks.end());
  CHECK(turned.template sums<float>(2, problem.parameters).fixed_point == one.fixed_point);
  // And they are the right numbers to single precision.
  const auto wide = problem.template sums<double>(2, problem.parameters);
  CHECK(worst_error(one.gradient, wide.gradient) < 1e-4);
  CHECK(worst_error(one.terms, wide.terms) < 1e-4);
}

}  // namespace ebmpi::test

TEST_CASE("parameter gradients of all orders agree with PyTorch", "[objective][golden]") {
  for (const auto& golden : test::golden_mlp_cases()) {
    INFO(golden.name);
    CHECK(test::worst_error(test::golden_gradient<0, double>(golden), golden["parameter_gradient_energy"]) <
          1e-10);
    CHECK(test::worst_error(test::golden_gradient<2, double>(golden), golden["parameter_gradient_jet"]) <
          1e-10);
    CHECK(test::worst_error(test::golden_gradient<0, float>(golden), golden["parameter_gradient_energy"]) <
          1e-4);
    CHECK(test::worst_error(test::golden_gradient<2, float>(golden), golden["parameter_gradient_jet"]) <
          1e-4);
  }
}

// The files hold no gradient of α E + β Ė alone; with γ = 0 order 2 must give it, and order 2 is checked
// above.
TEST_CASE("order one gives what order two gives without its last weight", "[objective][golden]") {
  for (auto golden : test::golden_mlp_cases()) {
    INFO(golden.name);
    std::fill(golden.arrays["gamma"].begin(), golden.arrays["gamma"].end(), 0.0);
    CHECK(test::worst_error(test::golden_gradient<1, double>(golden),
                            test::golden_gradient<2, double>(golden)) < 1e-12);
  }
}

TEST_CASE("the gradient is the slope of the loss in every parameter, order 0", "[objective]") {
  test::check_all_networks<0>();
}
TEST_CASE("the gradient is the slope of the loss in every parameter, order 1", "[objective]") {
  test::check_all_networks<1>();
}
TEST_CASE("the gradient is the slope of the loss in every parameter, order 2", "[objective]") {
  test::check_all_networks<2>();
}

TEST_CASE("sums do not depend on the workers nor on the order of the blocks, bit for bit", "[objective]") {
  test::check_bits<0>();
  test::check_bits<1>();
  test::check_bits<2>();
}

// Absent lanes repeat the last sample; they must add nothing to the terms nor to the gradient.
TEST_CASE("a partial block counts its samples once", "[objective]") {
  const MlpShape shape{2, {5}, Activation::silu};
  const auto mlp = test::mlp_with<double>(shape, test::arbitrary_numbers(21, 5, 0.7));
  const auto values = test::arbitrary_numbers(70 * 2, 6, 2.0);
  const auto x = test::to_rows(values, 2);
  const auto loss = test::objective_of<double>(test::QuadraticLoss<double, 0>{});
  const auto whole = test::jet_sums(mlp, *loss, test::batch_of(x, test::blocks_of(70, 64)));
  const auto pieces = test::jet_sums(mlp, *loss, test::batch_of(x, test::blocks_of(70, 1)));
  CHECK(test::worst_error(whole.gradient, pieces.gradient) < 1e-12);
  double energy = 0, square = 0;
  for (const auto& range : {std::vector<double>(values.begin(), values.begin() + 128),
                            std::vector<double>(values.begin() + 128, values.end())}) {
    for (const double e : test::run_energy(mlp, test::to_rows(range, 2)).energy) {
      energy += e;
      square += e * e;
    }
  }
  CHECK(std::abs(whole.terms[1] - energy) < 1e-11);
  // The common terms follow the program's own: Σ E², and Σ ‖∇E‖², which this one does not know.
  REQUIRE(whole.terms.size() == 4);
  CHECK(std::abs(whole.terms[2] - square) < 1e-11);
  CHECK(whole.terms[3] == 0.0);
}
