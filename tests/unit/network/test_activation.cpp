// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "network/activation_derivatives.hpp"
#include "support/activation_definitions.hpp"

using namespace ebmpi::network;

namespace {

constexpr int count = 1601;

/// Arguments from -8 to 8, none of them 0.
double argument(int i) {
  return -8.0 + 0.01 * i + 0.0037;
}

template <Activation activation, class Scalar>
std::array<double, 4> derivatives(double z) {
  Scalar phi[4];
  activation_derivatives<activation>(static_cast<Scalar>(z), phi);
  return {static_cast<double>(phi[0]), static_cast<double>(phi[1]), static_cast<double>(phi[2]),
          static_cast<double>(phi[3])};
}

/// φ against its definition, and each derivative against the central difference of the one below, of fourth
/// order: error h⁴/30 · fifth derivative + 1e-16/h, about 1e-11 at h = 2e-3.
template <Activation activation>
void check_double() {
  constexpr double h = 2e-3;
  double worst_value = 0, worst_slope = 0;
  for (int i = 0; i < count; ++i) {
    const double z = argument(i);
    const auto here = derivatives<activation, double>(z);
    worst_value =
        std::fmax(worst_value, std::abs(here[0] - ebmpi::test::activation_definition(activation, z)));
    const auto right = derivatives<activation, double>(z + h),
               right2 = derivatives<activation, double>(z + 2 * h);
    const auto left = derivatives<activation, double>(z - h),
               left2 = derivatives<activation, double>(z - 2 * h);
    if (!is_smooth(activation) && std::abs(z) < 3 * h) continue;
    for (int k = 0; k < 3; ++k) {
      const double slope = (8 * (right[k] - left[k]) - (right2[k] - left2[k])) / (12 * h);
      worst_slope = std::fmax(worst_slope, std::abs(here[k + 1] - slope));
    }
  }
  CHECK(worst_value < 1e-14);
  CHECK(worst_slope < 2e-10);
}

template <Activation activation>
void check_float(double tolerance) {
  double worst = 0;
  for (int i = 0; i < count; ++i) {
    const double z = static_cast<float>(argument(i));
    const auto wide = derivatives<activation, double>(z), narrow = derivatives<activation, float>(z);
    for (int k = 0; k < 4; ++k) worst = std::fmax(worst, std::abs(wide[k] - narrow[k]));
  }
  CHECK(worst < tolerance);
}

/// Far arguments give the limits, and what is not a number stays so in the value and the slope.
template <Activation activation, class Scalar>
void check_extremes() {
  for (const double z : {-1e3, -100.0, 100.0, 1e3}) {
    INFO("activation " << static_cast<int>(activation) << " at " << z);
    const auto far = derivatives<activation, Scalar>(z);
    for (int k = 0; k < 2; ++k) CHECK(std::isfinite(far[k]));
    CHECK(std::abs(far[0] - ebmpi::test::activation_definition(activation, static_cast<Scalar>(z))) <=
          1e-6 * std::abs(z));
  }
  CHECK(std::isnan(derivatives<activation, Scalar>(std::numeric_limits<double>::quiet_NaN())[0]));
}

}  // namespace

TEST_CASE("activations have the derivatives that finite differences show", "[network][activation]") {
  SECTION("silu") {
    check_double<Activation::silu>();
  }
  SECTION("tanh") {
    check_double<Activation::tanh>();
  }
  SECTION("softplus") {
    check_double<Activation::softplus>();
  }
  SECTION("gelu") {
    check_double<Activation::gelu>();
  }
  SECTION("sin") {
    check_double<Activation::sin>();
  }
  SECTION("quadratic") {
    check_double<Activation::quadratic>();
  }
  SECTION("relu") {
    check_double<Activation::relu>();
  }
  SECTION("leaky_relu") {
    check_double<Activation::leaky_relu>();
  }
}

// z times a unit in the last place, for |z| up to 8: 5e-7; gelu adds the 1.5e-7 of its error function, times
// z.
TEST_CASE("activations in single precision agree with double", "[network][activation]") {
  SECTION("silu") {
    check_float<Activation::silu>(2e-6);
  }
  SECTION("tanh") {
    check_float<Activation::tanh>(2e-6);
  }
  SECTION("softplus") {
    check_float<Activation::softplus>(1e-6);
  }
  SECTION("gelu") {
    check_float<Activation::gelu>(2e-6);
  }
  SECTION("sin") {
    check_float<Activation::sin>(2e-7);
  }
  SECTION("quadratic") {
    check_float<Activation::quadratic>(2e-6);
  }
  SECTION("relu") {
    check_float<Activation::relu>(1e-7);
  }
  SECTION("leaky_relu") {
    check_float<Activation::leaky_relu>(1e-7);
  }
}

TEST_CASE("activations do not overflow and do not hide what is not a number", "[network][activation]") {
  check_extremes<Activation::silu, float>();
  check_extremes<Activation::tanh, float>();
  check_extremes<Activation::gelu, float>();
  check_extremes<Activation::quadratic, float>();
  check_extremes<Activation::relu, float>();
  check_extremes<Activation::leaky_relu, float>();
  check_extremes<Activation::silu, double>();
  check_extremes<Activation::tanh, double>();
  check_extremes<Activation::gelu, double>();
  check_extremes<Activation::quadratic, double>();
  CHECK(std::isnan(derivatives<Activation::softplus, float>(std::nan(""))[0]));
  CHECK(std::isnan(derivatives<Activation::sin, float>(std::nan(""))[0]));
  CHECK(derivatives<Activation::softplus, float>(1e5)[0] == 1e5);
  CHECK(derivatives<Activation::softplus, double>(1e3)[0] == 1e3);
  CHECK(derivatives<Activation::softplus, float>(-1e3)[0] < 1e-37);
}

TEST_CASE("only the rectifiers are not smooth", "[network][activation]") {
  for (const Activation activation : {Activation::silu, Activation::tanh, Activation::softplus,
                                      Activation::gelu, Activation::sin, Activation::quadratic}) {
    CHECK(is_smooth(activation));
  }
  CHECK_FALSE(is_smooth(Activation::relu));
  CHECK_FALSE(is_smooth(Activation::leaky_relu));
}
