// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/elementary.hpp"

using namespace ebmpi::core;

namespace {

/// A unit in the last place, relative to a number of the binade's lower end: 2^-23.
constexpr double ulp = 0x1p-23;

std::vector<float> spread(float from, float to, int count) {
  std::vector<float> values(count);
  for (int i = 0; i < count; ++i)
    values[i] = from + (to - from) * static_cast<float>(i) / static_cast<float>(count - 1);
  return values;
}

/// Powers of e between e^from and e^to.
std::vector<float> geometric(double from, double to, int count) {
  std::vector<float> values(count);
  for (int i = 0; i < count; ++i)
    values[i] = static_cast<float>(std::exp(from + (to - from) * i / (count - 1)));
  return values;
}

// A plain loop, as the kernels have, so that the compiler's vector code is what is tested.
template <class Function>
std::vector<float> applied(const Function& function, const std::vector<float>& x) {
  std::vector<float> y(x.size());
#pragma omp simd
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = function(x[i]);
  return y;
}

/// Largest error in units of max(floor, |exact|).
template <class Exact>
double worst(const std::vector<float>& x, const std::vector<float>& y, const Exact& exact, double floor) {
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double want = exact(static_cast<double>(x[i]));
    const double distance = std::abs(static_cast<double>(y[i]) - want);
    const double error = distance == 0.0 ? 0.0 : distance / std::max(floor, std::abs(want));
    if (!(error <= largest)) largest = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }
  return largest;
}

}  // namespace

TEST_CASE("exp is accurate to 2 units in the last place and saturates outside", "[core][elementary]") {
  const auto function = [](float x) { return vector_exp(x); };
  const auto exact = [](double x) { return std::exp(x); };
  for (const auto& x : {spread(-87.0f, 87.0f, 400001), spread(-1e-3f, 1e-3f, 1001)}) {
    CHECK(worst(x, applied(function, x), exact, 0.0) < 2 * ulp);
  }
  CHECK(vector_exp(0.0f) == 1.0f);
  for (const float far : {100.0f, 1000.0f, 1e6f, 1e10f, 1e30f}) {
    CHECK(vector_exp(far) > 6e37f);
    CHECK(vector_exp(far) < std::numeric_limits<float>::infinity());
    CHECK(vector_exp(-far) > 0.0f);
    CHECK(vector_exp(-far) < 2e-38f);
  }
  CHECK(std::isnan(vector_exp(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("log is accurate to 2 units in the last place, also next to one", "[core][elementary]") {
  const auto function = [](float x) { return vector_log(x); };
  const auto exact = [](double x) { return std::log(x); };
  for (const auto& x : {geometric(-85.0, 85.0, 400001), spread(0.4f, 2.5f, 200001)}) {
    CHECK(worst(x, applied(function, x), exact, 0.0) < 2 * ulp);
  }
  std::vector<float> next_to_one;
  for (float x = 1.0f; x < 1.0001f; x = std::nextafter(x, 2.0f)) next_to_one.push_back(x);
  for (float x = 0.9999f; x < 1.0f; x = std::nextafter(x, 2.0f)) next_to_one.push_back(x);
  CHECK(worst(next_to_one, applied(function, next_to_one), exact, 0.0) < 2 * ulp);
  CHECK(vector_log(1.0f) == 0.0f);
}

TEST_CASE("sigmoid is accurate to 3 units in the last place, in its tail to 1.3e-8·|x|, and saturates",
          "[core][elementary]") {
  const auto function = [](float x) { return vector_sigmoid(x); };
  const auto exact = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  const auto x = spread(-10.0f, 80.0f, 200001);
  CHECK(worst(x, applied(function, x), exact, 0.0) < 3 * ulp);
  // The float nearest to log2(e) is off by 1.3e-8 of it.
  const auto tail = spread(-80.0f, -10.0f, 200001);
  CHECK(worst(tail, applied(function, tail), exact, 0.0) < 2 * ulp + 1.35e-8 * 80);
  CHECK(std::isnan(vector_sigmoid(std::numeric_limits<float>::quiet_NaN())));
  CHECK(vector_sigmoid(1e6f) == 1.0f);
  CHECK(vector_sigmoid(-1e6f) >= 0.0f);
  CHECK(vector_sigmoid(-1e6f) < 1e-37f);
}

TEST_CASE("sine and cosine of turns are accurate to 1.2e-7", "[core][elementary]") {
  const auto turns = spread(0.0f, 1.0f, 400001);
  const auto sine = [](float x) {
    float s, c;
    vector_sincos_turns(x, s, c);
    return s;
  };
  const auto cosine = [](float x) {
    float s, c;
    vector_sincos_turns(x, s, c);
    return c;
  };
  constexpr double turn = 6.283185307179586477;
  CHECK(worst(
            turns, applied(sine, turns), [](double x) { return std::sin(turn * x); }, 1.0) < 1.2e-7);
  CHECK(worst(
            turns, applied(cosine, turns), [](double x) { return std::cos(turn * x); }, 1.0) < 1.2e-7);
}

TEST_CASE("sine and cosine are accurate to 1.2e-7 up to 1000 radians", "[core][elementary]") {
  const auto sine = [](float x) {
    float s, c;
    vector_sincos(x, s, c);
    return s;
  };
  const auto cosine = [](float x) {
    float s, c;
    vector_sincos(x, s, c);
    return c;
  };
  for (const auto& x : {spread(-1000.0f, 1000.0f, 1000001), spread(-4.0f, 4.0f, 100001)}) {
    CHECK(worst(
              x, applied(sine, x), [](double y) { return std::sin(y); }, 1.0) < 1.2e-7);
    CHECK(worst(
              x, applied(cosine, x), [](double y) { return std::cos(y); }, 1.0) < 1.2e-7);
  }
}

TEST_CASE("in double precision the functions are the standard library's", "[core][elementary]") {
  CHECK(vector_exp(-300.5) == std::exp(-300.5));
  CHECK(vector_log(1e-300) == std::log(1e-300));
  double sine = 0, cosine = 0;
  vector_sincos(2.0, sine, cosine);
  CHECK(sine == std::sin(2.0));
  CHECK(cosine == std::cos(2.0));
  vector_sincos_turns(0.125, sine, cosine);
  CHECK(std::abs(sine - std::sqrt(0.5)) < 1e-15);
  CHECK(std::abs(cosine - std::sqrt(0.5)) < 1e-15);
}
