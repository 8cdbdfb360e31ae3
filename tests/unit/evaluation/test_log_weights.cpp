// SPDX-License-Identifier: Apache-2.0
#include "evaluation/log_weights.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/random.hpp"

using namespace ebmpi;
using evaluation::acceptance_ratio;
using evaluation::mean_of_weights;

namespace {

/// Normal log weights of deviation s from paths between two distributions with log r = log Z₁/Z₀. Where those
/// of the way there have the mean log r - s²/2, those back have -log r - s²/2 (Crooks 1999): both are exact.
std::vector<double> normal_log_weights(std::size_t count, double log_ratio, double deviation,
                                       std::uint32_t stream) {
  std::vector<double> values(count);
  const core::PhiloxKey key = core::stream_key(11, core::Purpose::annealing_start);
  for (std::size_t i = 0; i < count; ++i) {
    const core::PhiloxBlock bits = core::draw(key, i, stream, 0);
    double first, second;
    core::normal_pair(bits.word[0], bits.word[1], first, second);
    values[i] = log_ratio - 0.5 * deviation * deviation + deviation * first;
  }
  return values;
}

constexpr double log_ratio = 37.5;  // whose exponential is far from 1
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("the mean of weights, its error and their effective size", "[evaluation][log_weights]") {
  const auto mean = mean_of_weights(std::vector<double>{std::log(1.0) + 900.0, std::log(3.0) + 900.0});
  CHECK(std::abs(mean.log_mean.value - (std::log(2.0) + 900.0)) < 1e-12);
  CHECK(std::abs(mean.log_mean.standard_error - 0.5) < 1e-12);  // deviation √2, over √2, over the mean 2
  CHECK(std::abs(mean.effective_size - 1.6) < 1e-12);           // 4²/(1 + 9)
  const auto zero = mean_of_weights(std::vector<double>{-infinity, -infinity, -infinity});
  CHECK(zero.log_mean.value == -infinity);
  CHECK(zero.effective_size == 0.0);
  const auto one = mean_of_weights(std::vector<double>{-infinity, 2.0});
  CHECK(std::abs(one.log_mean.value - (2.0 - std::log(2.0))) < 1e-12);
  CHECK(std::abs(one.effective_size - 1.0) < 1e-12);
}

TEST_CASE("the acceptance ratio is right, and its error is its spread", "[evaluation][log_weights]") {
  constexpr int repeats = 200;
  double sum = 0.0, squares = 0.0, claimed = 0.0;
  for (std::uint32_t repeat = 0; repeat < repeats; ++repeat) {
    const auto found = acceptance_ratio(normal_log_weights(300, log_ratio, 1.5, 2 * repeat),
                                        normal_log_weights(500, -log_ratio, 1.5, 2 * repeat + 1));
    sum += found.value - log_ratio;
    squares += (found.value - log_ratio) * (found.value - log_ratio);
    claimed += found.standard_error;
  }
  const double deviation = std::sqrt(squares / repeats);
  CHECK(std::abs(sum / repeats) < 4.0 * deviation / std::sqrt(double{repeats}));
  // A deviation of 200 numbers is known to 5 %.
  CHECK(std::abs(claimed / repeats / deviation - 1.0) < 0.2);
}

TEST_CASE("the acceptance ratio solves Bennett's equation", "[evaluation][log_weights]") {
  const auto forward = normal_log_weights(40, log_ratio, 2.0, 1001);
  const auto backward = normal_log_weights(90, -log_ratio, 2.0, 1002);
  const double c = acceptance_ratio(forward, backward).value + std::log(40.0 / 90.0);
  double left = 0.0, right = 0.0;
  for (const double weight : forward) left += 1.0 / (1.0 + std::exp(c - weight));
  for (const double weight : backward) right += 1.0 / (1.0 + std::exp(-c - weight));
  CHECK(std::abs(left - right) < 1e-9);
}

TEST_CASE("sides that have nothing in common still give a ratio between them", "[evaluation][log_weights]") {
  const std::vector<double> forward(10, -500.0), backward(10, -300.0);
  const auto found = acceptance_ratio(forward, backward);  // log r above -500 and below 300
  CHECK(found.value > -500.0);
  CHECK(found.value < 300.0);
}
