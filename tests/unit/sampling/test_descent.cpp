// SPDX-License-Identifier: Apache-2.0
#include "sampling/descent.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "network/energy_model.hpp"
#include "network/evaluate.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using network::AffineMap;
using network::PartKind;

namespace {

const std::vector<network::EnergyStep> lone{{network::EnergyStep::What::part, 0, 1.0, 0.0}};

template <class Scalar>
struct Ends {
  std::vector<Scalar> x, energy, slope, iterations;
};

template <class Scalar>
Ends<Scalar> descend(const network::EnergyModel<Scalar>& model, double weight, const std::vector<Scalar>& y,
                     const sampling::DescentSettings& settings) {
  const auto dimension = static_cast<std::size_t>(model.dimension());
  const std::size_t rows = y.size() / dimension;
  const sampling::DescentState<Scalar> state{test::to_rows(y, dimension),
                                             test::Buffer<Scalar>("ebmpi::test::energy", rows),
                                             test::Buffer<Scalar>("ebmpi::test::slope", rows),
                                             test::Buffer<Scalar>("ebmpi::test::iterations", rows)};
  sampling::descend(core::ExecutionSpace(), model.view(), weight, test::to_rows(y, dimension), settings,
                    state);
  return {test::from_rows(state.x), test::to_host(state.energy), test::to_host(state.slope),
          test::to_host(state.iterations)};
}

/// Spread over [-3, 3], no two alike.
template <class Scalar>
std::vector<Scalar> spread(std::size_t count) {
  std::vector<Scalar> y(count);
  for (std::size_t i = 0; i < count; ++i)
    y[i] = static_cast<Scalar>(6.0 * std::fmod(0.618033988749895 * static_cast<double>(i + 1), 1.0) - 3.0);
  return y;
}

template <class Scalar>
network::EnergyModel<Scalar> double_well(double c, std::int64_t dimension) {
  return network::EnergyModel<Scalar>(
      lone, {{PartKind::double_well, {}, {}, c, AffineMap::identity(dimension)}}, dimension);
}

}  // namespace

TEST_CASE("a descent in a Gaussian ends at the solution of the normal equations", "[sampling][descent]") {
  // E = ½‖A x + b‖², A = [[20, 0], [3, 0.5]]: (a AᵀA + 1) x = y - a Aᵀb, of condition number about 2·10³.
  const std::vector<double> shift{1.0, -2.0};
  const AffineMap map = AffineMap::dense(2, {20.0, 0.0, 3.0, 0.5}, shift);
  const network::EnergyModel<double> model(lone, {{PartKind::standard_normal, {}, {}, 1.0, map}}, 2);
  const double a = 5.0;
  const double m00 = a * 409.0 + 1, m01 = a * 1.5, m11 = a * 0.25 + 1, determinant = m00 * m11 - m01 * m01;
  const std::vector<double> y = spread<double>(2 * 70);
  const auto ends = descend(model, a, y, {2000, 1e-9});
  for (std::size_t row = 0; row < 70; ++row) {
    const double r0 = y[2 * row] - a * (20.0 * shift[0] + 3.0 * shift[1]);
    const double r1 = y[2 * row + 1] - a * 0.5 * shift[1];
    CHECK(std::abs(ends.x[2 * row] - (m11 * r0 - m01 * r1) / determinant) < 1e-8);
    CHECK(std::abs(ends.x[2 * row + 1] - (m00 * r1 - m01 * r0) / determinant) < 1e-8);
    CHECK(ends.slope[row] <= 1e-9 * std::sqrt(2.0));
  }
  // Steepest descent would need some ten thousand.
  CHECK(std::accumulate(ends.iterations.begin(), ends.iterations.end(), 0.0) / 70 < 200);
}

TEST_CASE("a descent ends lower than it started, at a minimum in a double well", "[sampling][descent]") {
  const std::size_t rows = 100;
  const auto check = [&]<class Scalar>(Scalar tolerance) {
    const auto model = double_well<Scalar>(0.2, 2);
    const std::vector<Scalar> y = spread<Scalar>(2 * rows);
    const auto ends = descend<Scalar>(model, 1.0, y, {500, static_cast<double>(tolerance)});
    const auto stay = descend<Scalar>(model, 1.0, y, {1, static_cast<double>(tolerance)});
    CHECK(stay.x == y);
    for (std::size_t row = 0; row < rows; ++row) {
      const double x0 = ends.x[2 * row], x1 = ends.x[2 * row + 1], y0 = y[2 * row], y1 = y[2 * row + 1];
      const double fall =
          stay.energy[row] - ends.energy[row] - ((x0 - y0) * (x0 - y0) + (x1 - y1) * (x1 - y1)) / 2;
      CHECK(fall >= -1e-5);
      // Derivatives of (x₀² - 1)²/(8c²) + x₁²/(2c²) + ½‖x - y‖², 1/c² = 25.
      const double g0 = 12.5 * x0 * (x0 * x0 - 1) + x0 - y0, g1 = 25.0 * x1 + x1 - y1;
      CHECK(std::hypot(g0, g1) < 1.5 * static_cast<double>(tolerance) * std::sqrt(2.0));
      CHECK(12.5 * (3 * x0 * x0 - 1) + 1 > 0);  // no saddle
    }
  };
  check(1e-3f);
  check(1e-8);
}

TEST_CASE("a row's descent does not depend on the rows beside it", "[sampling][descent]") {
  const auto model = double_well<float>(0.3, 3);
  const std::vector<float> y = spread<float>(3 * 150);
  const auto all = descend<float>(model, 1.0, y, {60, 1e-3});
  for (const std::size_t row : {0, 63, 64, 149}) {
    const std::vector<float> own(y.begin() + static_cast<std::ptrdiff_t>(3 * row),
                                 y.begin() + static_cast<std::ptrdiff_t>(3 * row + 3));
    const auto alone = descend<float>(model, 1.0, own, {60, 1e-3});
    for (std::size_t d = 0; d < 3; ++d) CHECK(alone.x[d] == all.x[3 * row + d]);
    CHECK(alone.energy[0] == all.energy[row]);
    CHECK(alone.iterations[0] == all.iterations[row]);
  }
}

TEST_CASE("a descent from where the energy is infinite stays and says so", "[sampling][descent]") {
  const auto model = double_well<float>(0.3, 1);
  const auto ends = descend<float>(model, 1.0, {1e20f, 1.0f}, {50, 1e-3});
  CHECK(!std::isfinite(ends.energy[0]));
  CHECK(std::isfinite(ends.energy[1]));
}
