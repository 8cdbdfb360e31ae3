// SPDX-License-Identifier: Apache-2.0
#include "optimizer/optimizer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "support/compare.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using optimizer::Kind;
using optimizer::Settings;

namespace {

constexpr std::size_t size = 1003;
constexpr int steps = 50;

std::vector<double> gradient_at(int step) {
  return test::arbitrary_numbers(size, static_cast<std::uint32_t>(step), 3.0);
}
double rate_at(int step) {
  return 0.01 / step;
}

/// The parameters after 50 steps from arbitrary ones.
template <class Scalar>
std::vector<Scalar> optimized(const Settings& settings) {
  const optimizer::Optimizer<Scalar> update(settings, size);
  const auto parameters = test::to_device(test::converted<Scalar>(test::arbitrary_numbers(size, 99)));
  for (int step = 1; step <= steps; ++step) {
    update.update(step, rate_at(step), test::to_device(test::converted<Scalar>(gradient_at(step))),
                  parameters);
  }
  return test::to_host(parameters);
}

/// Kingma and Ba 2015, algorithm 1, as it is printed: with bias-corrected moments.
std::vector<double> plain_adam(const Settings& settings) {
  auto theta = test::arbitrary_numbers(size, 99);
  std::vector<double> m(size), v(size);
  for (int step = 1; step <= steps; ++step) {
    const auto g = gradient_at(step);
    for (std::size_t i = 0; i < size; ++i) {
      m[i] = settings.beta1 * m[i] + (1 - settings.beta1) * g[i];
      v[i] = settings.beta2 * v[i] + (1 - settings.beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(settings.beta1, step)),
                   v_hat = v[i] / (1 - std::pow(settings.beta2, step));
      theta[i] -= rate_at(step) * m_hat / (std::sqrt(v_hat) + settings.epsilon);
    }
  }
  return theta;
}

std::vector<double> plain_sgd(const Settings& settings) {
  auto theta = test::arbitrary_numbers(size, 99);
  std::vector<double> velocity(size);
  for (int step = 1; step <= steps; ++step) {
    const auto g = gradient_at(step);
    for (std::size_t i = 0; i < size; ++i) {
      velocity[i] = settings.momentum * velocity[i] + g[i];
      theta[i] -= rate_at(step) * velocity[i];
    }
  }
  return theta;
}

}  // namespace

TEST_CASE("Adam follows the published algorithm", "[optimizer]") {
  for (const Settings& settings : {Settings{}, Settings{Kind::adam, 0.5, 0.9, 0.1, 0.0}}) {
    const auto expected = plain_adam(settings);
    CHECK(test::worst_error(optimized<double>(settings), expected) < 1e-13);
    CHECK(test::worst_error(optimized<float>(settings), expected) < 5e-6);
  }
}

TEST_CASE("stochastic gradient descent follows its recurrence", "[optimizer]") {
  for (const double momentum : {0.0, 0.9}) {
    const Settings settings{Kind::sgd, 0.9, 0.999, 1e-8, momentum};
    CHECK(test::worst_error(optimized<double>(settings), plain_sgd(settings)) < 1e-13);
    CHECK(test::worst_error(optimized<float>(settings), plain_sgd(settings)) < 5e-6);
  }
}

TEST_CASE("the first step of Adam has the length of the learning rate", "[optimizer]") {
  const optimizer::Optimizer<double> update({}, 4);
  const auto parameters = test::to_device(std::vector<double>{1, 1, 1, 1});
  update.update(1, 0.25, test::to_device(std::vector<double>{3.0, -1e-3, 1e4, 0.0}), parameters);
  CHECK(test::worst_error(test::to_host(parameters), std::vector<double>{0.75, 1.25, 0.75, 1.0}) < 1e-5);
}

TEST_CASE("the state has the names that checkpoints use, and starts at zero", "[optimizer]") {
  const optimizer::Optimizer<float> adam({}, 3), sgd({Kind::sgd}, 3);
  REQUIRE(adam.state().size() == 2);
  CHECK(adam.state()[0].first == "first_moment");
  CHECK(adam.state()[1].first == "second_moment");
  REQUIRE(sgd.state().size() == 1);
  CHECK(sgd.state()[0].first == "momentum");
  CHECK(test::to_host(adam.state()[1].second) == std::vector<float>(3, 0.0f));
  adam.update(1, 0.1, test::to_device(std::vector<float>{2, 0, -4}), test::to_device(std::vector<float>(3)));
  CHECK(test::worst_error(test::to_host(adam.state()[0].second), std::vector<double>{0.2, 0, -0.4}) < 1e-6);
  CHECK(test::worst_error(test::to_host(adam.state()[1].second), std::vector<double>{0.004, 0, 0.016}) <
        1e-6);
}

// From 0 towards a constant p the average is p (1 - decay^n).
TEST_CASE("the moving average forgets at its decay and keeps a constant", "[optimizer]") {
  const auto average = test::to_device(std::vector<double>{0, 4}),
             parameters = test::to_device(std::vector<double>{2, 4});
  for (int step = 0; step < 20; ++step) optimizer::update_average<double>(0.9, parameters, average);
  CHECK(test::worst_error(test::to_host(average), std::vector<double>{2 * (1 - std::pow(0.9, 20)), 4}) <
        1e-14);
  const auto narrow = test::to_device(std::vector<float>{4}),
             constant = test::to_device(std::vector<float>{4});
  for (int step = 0; step < 20000; ++step) optimizer::update_average<float>(0.9999, constant, narrow);
  CHECK(std::abs(test::to_host(narrow)[0] - 4) < 1e-5f);
}
