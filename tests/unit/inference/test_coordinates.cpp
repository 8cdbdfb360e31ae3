// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <limits>

#include "inference/coordinates.hpp"

using namespace ebmpi::inference;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<BoundedParameter> four = {
    {"free", -infinity, infinity}, {"rate", 1.0, infinity}, {"loss", -infinity, 2.0}, {"share", -1.0, 3.0}};

}  // namespace

TEST_CASE("coordinates map onto the bounds and back", "[inference]") {
  const Coordinates coordinates(four, CoordinateKind::unconstrained);
  const std::vector<double> theta = {-3.0, 1.5, -4.0, 2.9};
  const std::vector<double> u = coordinates.u(theta);
  CHECK_THAT(u[1], WithinRel(std::log(0.5), 1e-14));
  CHECK_THAT(u[2], WithinRel(-std::log(6.0), 1e-14));
  CHECK_THAT(u[3], WithinRel(std::log(3.9 / 0.1), 1e-13));
  const std::vector<double> back = coordinates.theta(u);
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(back[i], WithinRel(theta[i], 1e-14));

  // The slope is that of the map, which rises.
  const double h = 1e-6;
  const std::vector<double> slope = coordinates.slope(u);
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> more = u, less = u;
    more[i] += h;
    less[i] -= h;
    const double difference = (coordinates.theta(more)[i] - coordinates.theta(less)[i]) / (2.0 * h);
    CHECK_THAT(slope[i], WithinRel(difference, 1e-7));
    CHECK(slope[i] > 0.0);
  }
}

TEST_CASE("what is simulated is strictly inside the bounds", "[inference]") {
  const Coordinates unconstrained(four, CoordinateKind::unconstrained);
  const Coordinates plain(four, CoordinateKind::plain);
  std::vector<double> theta(4);
  for (const double u : {-800.0, -40.0, 0.0, 40.0, 700.0}) {
    unconstrained.simulated_theta(std::vector<double>(4, u), theta);
    for (std::size_t i = 0; i < 4; ++i) CHECK((theta[i] > four[i].lower && theta[i] < four[i].upper));
  }
  plain.simulated_theta(std::vector<double>{5.0, 0.25, 2.5, 4.5}, theta);
  CHECK_THAT(theta[0], WithinAbs(5.0, 0.0));
  CHECK_THAT(theta[1], WithinAbs(1.75, 1e-15));
  CHECK_THAT(theta[2], WithinAbs(1.5, 1e-15));
  CHECK_THAT(theta[3], WithinAbs(1.5, 1e-15));
  plain.simulated_theta(std::vector<double>{0.0, 1.0, 2.0, -10.0}, theta);
  CHECK(theta[1] > 1.0);
  CHECK(theta[2] < 2.0);
  CHECK_THAT(theta[3], WithinAbs(0.0, 1e-14));  // -10 is at 8 on the other side, that is 0 again

  std::vector<double> u = {9.0, 0.0, 3.0, -5.0};
  plain.clip(u);
  CHECK(u == std::vector<double>{9.0, 1.0, 2.0, -1.0});
}
