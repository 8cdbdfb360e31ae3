// SPDX-License-Identifier: Apache-2.0
#include "optimizer/weight_regularizer.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "optimizer/optimizer.hpp"
#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using optimizer::MatrixSlice;
using optimizer::RegularizerSettings;
using optimizer::WeightRegularizer;

namespace {

/// `values` after one application to `matrices`.
template <class Scalar>
std::vector<Scalar> regularized(RegularizerSettings settings, double learning_rate,
                                const std::vector<MatrixSlice>& matrices, const std::vector<double>& values) {
  const auto parameters = test::to_device(test::converted<Scalar>(values));
  WeightRegularizer<Scalar>(settings, matrices).apply(learning_rate, parameters);
  return test::to_host(parameters);
}

/// Where stochastic gradient descent on ½ (w - a)² with the regulariser comes to rest, for each a.
std::vector<double> rest(RegularizerSettings settings, double learning_rate, const std::vector<double>& a) {
  const auto size = static_cast<std::int64_t>(a.size());
  const optimizer::Optimizer<double> sgd({optimizer::Kind::sgd}, size);
  const WeightRegularizer<double> regularizer(settings, {{0, 1, size}});
  const auto w = test::to_device(std::vector<double>(a.size(), 0.0));
  for (int step = 1; step <= 1000; ++step) {
    auto gradient = test::to_host(w);
    for (std::size_t i = 0; i < a.size(); ++i) gradient[i] -= a[i];
    sgd.update(step, learning_rate, test::to_device(gradient), w);
    regularizer.apply(learning_rate, w);
  }
  return test::to_host(w);
}

}  // namespace

TEMPLATE_TEST_CASE("decay and soft threshold have the values of their formulae", "[optimizer]", float,
                   double) {
  const std::vector<double> values{1, -1, 0.25, 0.125, -0.125, 0};
  const std::vector<MatrixSlice> all{{0, 2, 3}};
  const double tolerance = 2 * std::numeric_limits<TestType>::epsilon();
  CHECK(test::worst_error(regularized<TestType>({0.5, 0.0}, 0.25, all, values),
                          std::vector<double>{0.875, -0.875, 0.21875, 0.109375, -0.109375, 0}) < tolerance);
  CHECK(test::worst_error(regularized<TestType>({0.0, 0.8}, 0.25, all, values),
                          std::vector<double>{0.8, -0.8, 0.05, 0, 0, 0}) < tolerance);
  CHECK(test::worst_error(regularized<TestType>({0.5, 0.8}, 0.25, all, values),
                          std::vector<double>{0.675, -0.675, 0.01875, 0, 0, 0}) < tolerance);
}

TEMPLATE_TEST_CASE("only the matrices shrink, and the weights below the threshold become exactly 0",
                   "[optimizer]", float, double) {
  const auto values = test::arbitrary_numbers(1000, 5);
  const std::vector<MatrixSlice> matrices{{3, 20, 10}, {400, 1, 599}};
  const auto shrunk = regularized<TestType>({0.0, 1.0}, 0.5, matrices, values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_weight = (i >= 3 && i < 203) || (i >= 400 && i < 999);
    if (!is_weight) {
      CHECK(shrunk[i] == static_cast<TestType>(values[i]));
    } else if (std::abs(values[i]) <= 0.5) {
      CHECK(shrunk[i] == 0);
    } else {
      CHECK(std::abs(shrunk[i] - (values[i] - std::copysign(0.5, values[i]))) < 1e-7);
    }
  }
}

TEST_CASE("nothing is launched where both coefficients are 0", "[optimizer]") {
  static int launches;
  launches = 0;
  Kokkos::Tools::Experimental::set_begin_parallel_for_callback(
      [](const char*, std::uint32_t, std::uint64_t*) { ++launches; });
  const auto parameters = test::to_device(std::vector<float>{1, 2, 3, 4});
  launches = 0;
  WeightRegularizer<float>({}, {{0, 2, 2}}).apply(0.1, parameters);
  CHECK(launches == 0);
  WeightRegularizer<float>({0.0, 0.1}, {{0, 2, 1}, {2, 2, 1}}).apply(0.1, parameters);
  CHECK(launches == 2);
  Kokkos::Tools::Experimental::set_callbacks({});
}

TEST_CASE("a weight that is not a number stays one", "[optimizer]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(regularized<double>({0.1, 0.1}, 0.1, {{0, 1, 1}}, {nan})[0]));
}

// The minimum of ½ (w - a)² + λ₁ |w| is the soft threshold of a at λ₁, whatever the learning rate. Decoupled
// decay rests where w = (1 - ηλ)((1 - η) w + η a), which tends to the minimum a/(1 + λ) of
// ½ (w - a)² + ½ λ w² as η falls.
TEST_CASE("descent with the regulariser comes to rest where theory has it", "[optimizer]") {
  const std::vector<double> a{2, -2, 0.3, -0.3};
  for (const double rate : {0.1, 0.5}) {
    CHECK(test::worst_error(rest({0.0, 0.5}, rate, a), std::vector<double>{1.5, -1.5, 0, 0}) < 1e-14);
    const double factor = (1 - 0.25 * rate) / (1 + 0.25 - 0.25 * rate);
    CHECK(test::worst_error(rest({0.25, 0.0}, rate, a),
                            std::vector<double>{2 * factor, -2 * factor, 0.3 * factor, -0.3 * factor}) <
          1e-14);
  }
}
