// SPDX-License-Identifier: Apache-2.0
#include "network/energy_model.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <vector>

#include "network/evaluate.hpp"
#include "network/flow_density.hpp"
#include "support/compare.hpp"
#include "support/golden_flow.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using network::AffineMap;
using network::EnergyStep;
using network::PartKind;
using What = network::EnergyStep::What;

namespace {

using Point = std::vector<double>;
using Function = std::function<double(const Point&)>;
using Model = network::EnergyModel<double>;
using Part = network::PartDescription<double>;

constexpr std::size_t rows = 70;  // one full tile and a part of one

/// Energies (N) and gradients (N, D) of the model equal the function and its finite differences.
void check_against(const Model& model, const Function& expected) {
  const auto dimension = static_cast<std::size_t>(model.dimension());
  const Point points = test::arbitrary_numbers(rows * dimension, 11, 1.5);
  const auto x = test::to_rows(points, dimension);
  const core::Rows<double> gradient("ebmpi::test::gradient", rows, dimension);
  const test::Buffer<double> energy("ebmpi::test::energy", rows), alone("ebmpi::test::energy", rows);
  network::evaluate(core::ExecutionSpace(), model.view(), x, energy, gradient);
  network::evaluate(core::ExecutionSpace(), model.view(), x, alone);
  Point want, slopes;
  for (std::size_t row = 0; row < rows; ++row) {
    const Point at(points.begin() + static_cast<std::ptrdiff_t>(row * dimension),
                   points.begin() + static_cast<std::ptrdiff_t>((row + 1) * dimension));
    want.push_back(expected(at));
    for (std::size_t d = 0; d < dimension; ++d) {
      slopes.push_back(test::slope_of(
          [&](double h) {
            Point moved = at;
            moved[d] += h;
            return expected(moved);
          },
          1e-3));
    }
  }
  CHECK(test::worst_error(test::to_host(energy), want) < 1e-13);
  CHECK(test::to_host(alone) == test::to_host(energy));
  CHECK(test::worst_error(test::from_rows(gradient), slopes) < 1e-9);
}

double normal(const Point& u) {
  double sum = 0;
  for (const double value : u) sum += 0.5 * value * value;
  return sum;
}

double double_well(const Point& u, double c) {
  double sum = (u[0] * u[0] - 1) * (u[0] * u[0] - 1) / 8;
  for (std::size_t d = 1; d < u.size(); ++d) sum += 0.5 * u[d] * u[d];
  return sum / (c * c);
}

double funnel(const Point& u, double c) {
  double sum = u[0] * u[0] / (2 * c * c);
  for (std::size_t d = 1; d < u.size(); ++d) sum += 0.5 * (u[d] * u[d] * std::exp(-u[0]) + u[0]);
  return sum;
}

AffineMap shifted(const Point& shift) {
  return AffineMap::diagonal(Point(shift.size(), 1.0), shift);
}

/// A 3 × 2 map.
AffineMap tall() {
  return AffineMap::dense(2, {0.5, -1.0, 0.25, 0.75, -0.3, 1.1}, {0.1, -0.2, 0.3});
}

Part network_part(int inputs, const AffineMap& map, std::uint64_t seed) {
  network::Mlp<double> mlp({inputs, {8, 8}});
  mlp.initialize(seed);
  Part part;
  part.energy = {mlp.view()};
  part.network = mlp;
  part.map = map;
  return part;
}

double network_energy(const Part& part, const Point& x) {
  return test::plain_outputs(part.network->shape(), test::to_host(part.network->parameters()), part.map(x))
      .front();
}

network::Flow<double> small_flow() {
  const network::FlowShape shape{3, 2, {5}};
  return test::flow_with<double>(
      shape, test::arbitrary_numbers(static_cast<std::size_t>(network::flow_layout(shape).size()), 8, 0.4));
}

double log_density(const network::Flow<double>& flow, const Point& x) {
  const test::Buffer<double> value("ebmpi::test::log_density", 1);
  network::flow_log_density(core::ExecutionSpace(), flow.view(), test::to_rows(x, x.size()), value);
  return test::to_host(value).front();
}

/// x = g(z) and log|det ∂x/∂z|.
std::pair<Point, double> generated(const network::Flow<double>& flow, const Point& z) {
  const auto rows_of_z = test::to_rows(z, z.size());
  const test::Buffer<double> log_det("ebmpi::test::log_det", 1);
  network::map_through_flow(core::ExecutionSpace(), flow.view(), network::FlowDirection::generate, rows_of_z,
                            rows_of_z, log_det);
  return {test::from_rows(rows_of_z), test::to_host(log_det).front()};
}

const std::vector<EnergyStep> lone{{What::part, 0, 1.0, 0.0}};

}  // namespace

TEST_CASE("closed-form energies have their values and gradients", "[network][energy_model]") {
  const Part standard{PartKind::standard_normal, {}, {}, 1.0, AffineMap::identity(3)};
  check_against(Model(lone, {standard}, 3), normal);
  const Part well{PartKind::double_well, {}, {}, 0.7, shifted({0.2, -0.3, 0.1})};
  check_against(Model(lone, {well}, 3), [&](const Point& x) { return double_well(well.map(x), 0.7); });
  const Part neck{PartKind::funnel, {}, {}, 3.0, AffineMap::identity(4)};
  check_against(Model(lone, {neck}, 4), [](const Point& x) { return funnel(x, 3.0); });
}

TEST_CASE("a network sees the point through its map", "[network][energy_model]") {
  for (const AffineMap& map :
       {AffineMap::identity(3), AffineMap::diagonal({0.5, 2.0, -1.0}, {0.1, 0.2, 0.3}), tall()}) {
    const Part part = network_part(3, map, 5);
    const Model model(lone, {part}, map.inputs);
    CHECK(model.view().is_lone_network == map.is_identity());
    check_against(model, [&](const Point& x) { return network_energy(part, x); });
  }
}

TEST_CASE("a flow is the energy -log q, seen through a map like any other part",
          "[network][energy_model][flow]") {
  const network::Flow<double> flow = small_flow();
  for (const AffineMap& map :
       {AffineMap::identity(3), AffineMap::diagonal({0.5, 2.0, -1.0}, {0.1, 0.2, 0.3})}) {
    Part part{PartKind::flow, {}, {}, 1.0, map};
    part.flow = flow;
    check_against(Model(lone, {part}, 3), [&](const Point& x) { return -log_density(flow, map(x)); });
  }
}

TEST_CASE("an energy seen through a flow carries its volume", "[network][energy_model][flow]") {
  const network::Flow<double> flow = small_flow();
  const Part part = network_part(3, AffineMap::diagonal({0.5, 2.0, -1.0}, {0.1, 0.2, 0.3}), 5);
  constexpr double temperature = 0.7;
  const auto through = [&](const Function& energy) -> Function {
    return [&flow, energy](const Point& z) {
      const auto [x, log_det] = generated(flow, z);
      return energy(x) - temperature * log_det;
    };
  };
  check_against(Model(lone, {part}, 3).seen_through(flow, temperature),
                through([&](const Point& x) { return network_energy(part, x); }));
  const Part standard{PartKind::standard_normal, {}, {}, 1.0, AffineMap::identity(3)};
  const auto steps = network::combine(What::open_sum, {lone, lone}, {1.5, -0.5}, {});
  check_against(Model(steps, {part, standard}, 3).seen_through(flow, temperature),
                through([&](const Point& x) { return 1.5 * network_energy(part, x) - 0.5 * normal(x); }));
  // The flow's own density is the standard normal of z.
  Part own{PartKind::flow, {}, {}, 1.0, AffineMap::identity(3)};
  own.flow = flow;
  check_against(Model(lone, {own}, 3).seen_through(flow, 1.0),
                [](const Point& z) { return normal(z) + 3 * network::half_log_two_pi; });
  CHECK_THROWS_AS(Model(lone, {own}, 3).seen_through(flow, 1.0).seen_through(flow, 1.0),
                  std::invalid_argument);
}

TEST_CASE("sums and mixtures of sums and mixtures", "[network][energy_model]") {
  const std::vector<Part> parts{
      network_part(3, tall(), 1),
      network_part(2, shifted({0.4, -0.6}), 2),
      {PartKind::standard_normal, {}, {}, 1.0, AffineMap::diagonal({2.0, 1.5}, {1.0, 0.5})},
      {PartKind::double_well, {}, {}, 0.8, AffineMap::identity(2)}};
  const auto energy_of = [&](std::size_t i, const Point& x) {
    if (i < 2) return network_energy(parts[i], x);
    return i == 2 ? normal(parts[2].map(x)) : double_well(x, 0.8);
  };
  // 1.5 E0 - 0.5 (mixture of 0.7 E1, 2 E2 and the sum of E3 and 0.25 E0)
  const auto inner = network::combine(What::open_sum, {lone, lone}, {1.0, 0.25}, {});
  auto mixture =
      network::combine(What::open_mixture, {lone, lone, inner}, {0.7, 2.0, 1.0}, {-0.3, 0.9, -1.7});
  const auto steps = network::combine(What::open_sum, {lone, mixture}, {1.5, -0.5}, {});
  // The parts as `combine` numbers them: 0; then 1, 2; then the inner sum's 3 and 4.
  const Model model(steps, {parts[0], parts[1], parts[2], parts[3], parts[0]}, 2);
  const Function expected = [&](const Point& x) {
    const double sum = std::exp(-0.3 - 0.7 * energy_of(1, x)) + std::exp(0.9 - 2.0 * energy_of(2, x)) +
                       std::exp(-1.7 - energy_of(3, x) - 0.25 * energy_of(0, x));
    return 1.5 * energy_of(0, x) + 0.5 * std::log(sum);
  };
  check_against(model, expected);

  // The same seen through a map.
  const AffineMap turn = AffineMap::dense(2, {0.8, -0.6, 0.6, 0.8}, {0.3, -0.1});
  check_against(model.seen_through(turn), [&](const Point& u) { return expected(turn(u)); });
}

TEST_CASE("members of a mixture far apart do not lose each other", "[network][energy_model]") {
  const std::vector<Part> parts(2, Part{PartKind::standard_normal, {}, {}, 1.0, AffineMap::identity(1)});
  const Model model(network::combine(What::open_mixture, {lone, lone}, {1.0, 1.0}, {0.0, -5000.0}), parts, 1);
  check_against(model, normal);
  const Model other(network::combine(What::open_mixture, {lone, lone}, {1.0, 1.0}, {-5000.0, 0.0}), parts, 1);
  check_against(other, normal);
}

TEST_CASE("steps that make no energy are refused", "[network][energy_model]") {
  const auto refused = [](const std::vector<EnergyStep>& steps) {
    CHECK_THROWS_AS(network::check_steps(steps, 1), std::invalid_argument);
  };
  const EnergyStep part{}, open{What::open_sum}, close{What::close};
  refused({});
  refused({part, part});
  refused({open, part});
  refused({open, close});
  refused({part, close});
  refused({{What::part, 1}});
  refused({{What::part, -1}});
  std::vector<EnergyStep> deep(9, open);
  deep.push_back(part);
  deep.insert(deep.end(), 9, close);
  refused(deep);
  deep.erase(deep.begin());
  deep.pop_back();
  CHECK_NOTHROW(network::check_steps(deep, 1));
}
