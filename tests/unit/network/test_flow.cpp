// SPDX-License-Identifier: Apache-2.0
// Both directions of a flow, and the sweeps back through them, against PyTorch (tests/golden/flow.json); what
// a flow promises whatever its parameters are.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "network/flow_density.hpp"
#include "support/compare.hpp"
#include "support/golden_flow.hpp"
#include "support/numbers.hpp"
#include "support/one_team.hpp"

using namespace ebmpi;
using network::FlowDirection;
using network::FlowShape;
using network::Keep;
using network::Mixing;
using test::GoldenCase;

namespace {

template <class Scalar>
using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;

/// One direction at the rows `from`: where they go, log|det|, and the rows that a sweep makes of `adjoint`
/// and `log_det_adjoint`.
template <class Scalar>
struct Passed {
  std::vector<Scalar> image, log_det, adjoint;
  std::vector<double> gradient;  // completed, (P)
};

template <class Scalar, Keep keep>
std::size_t workspace(const network::FlowView<Scalar>& view) {
  core::ScratchArena arena(nullptr);
  arena.take<Scalar>(static_cast<std::size_t>(2 * view.dimension + 2) * core::tile_size);
  network::FlowTile<Scalar, keep>(view, arena);
  return arena.used() + 1024;
}

/// Runs `use(member, tile, rows, adjoints, log_det, log_det_adjoint)` on a tile of the golden rows.
template <class Scalar, Keep keep, class Use>
void on_tile(const network::Flow<Scalar>& flow, const GoldenCase& golden, const std::vector<double>& from,
             const core::Rows<Scalar>& rows, const core::Rows<Scalar>& adjoints,
             const Numbers<Scalar>& log_det, const Use& use) {
  const auto view = flow.view();
  const auto input = test::to_rows(test::converted<Scalar>(from), static_cast<std::size_t>(view.dimension));
  const auto given =
      test::to_rows(test::converted<Scalar>(golden["adjoint"]), static_cast<std::size_t>(view.dimension));
  const auto volume = test::to_device(test::converted<Scalar>(golden["log_det_adjoint"]));
  const int count = static_cast<int>(golden.rows);
  test::on_one_team<Scalar>(
      workspace<Scalar, keep>(view), KOKKOS_LAMBDA(const core::TeamMember& member, core::ScratchArena arena) {
        Scalar* const x = arena.take<Scalar>(view.dimension * core::tile_size);
        Scalar* const bar = arena.take<Scalar>(view.dimension * core::tile_size);
        Scalar* const value = arena.take<Scalar>(core::tile_size);
        Scalar* const value_bar = arena.take<Scalar>(core::tile_size);
        const network::FlowTile<Scalar, keep> tile(view, arena);
        core::load_tile(member, input, 0, count, x);
        core::load_tile(member, given, 0, count, bar);
        core::for_each_lane(member, view.dimension, [=](int row, int lane) {
          if (lane >= count) bar[row * core::tile_size + lane] = 0;
        });
        core::for_each_lane(member, 1,
                            [=](int, int lane) { value_bar[lane] = lane < count ? volume(lane) : 0; });
        use(member, tile, x, bar, value, value_bar);
        core::store_tile(member, x, rows, 0, count);
        core::store_tile(member, bar, adjoints, 0, count);
        core::for_each(member, count, [&](int lane) { log_det(lane) = value[lane]; });
      });
}

template <class Scalar>
Passed<Scalar> pass(const network::Flow<Scalar>& flow, const GoldenCase& golden, FlowDirection direction) {
  const bool normalizes = direction == FlowDirection::normalize;
  const auto& from = normalizes ? golden["x"] : golden["normal"];
  const auto dimension = static_cast<std::size_t>(flow.shape().dimension);
  const core::Rows<Scalar> rows("rows", golden.rows, dimension), adjoints("adjoints", golden.rows, dimension);
  const Numbers<Scalar> log_det("log_det", golden.rows);
  core::FixedPointSum sum(test::flow_slots(flow.layout(), 0), 1);
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    const core::FixedPointAdder adder = sum.adder();
    on_tile<Scalar, Keep::everything>(
        flow, golden, from, rows, adjoints, log_det,
        KOKKOS_LAMBDA(const core::TeamMember& member, const network::FlowTile<Scalar, Keep::everything>& tile,
                      Scalar* x, Scalar* bar, Scalar* value, Scalar* value_bar) {
          if (normalizes) {
            tile.normalize(member, x, x, value);
            tile.add_gradient(member, bar, value_bar, adder, 0);
          } else {
            tile.generate(member, x, x, value);
            tile.add_path_gradient(member, bar, value_bar, adder, 0);
          }
        });
    sum.collect();
    if (sum.judge(1) == core::FixedPointSum::Verdict::good) break;
  }
  Passed<Scalar> result{test::from_rows(rows), test::to_host(log_det), {}, {}};
  std::vector<double> sums;
  for (std::int64_t i = 0; i < sum.values(); ++i) sums.push_back(sum.value(i));
  const auto& weights = golden["log_det_adjoint"];
  const double weight = std::accumulate(weights.begin(), weights.end(), 0.0);
  result.gradient = test::completed(flow, sums, normalizes ? weight : -weight);
  on_tile<Scalar, Keep::slopes>(
      flow, golden, from, rows, adjoints, log_det,
      KOKKOS_LAMBDA(const core::TeamMember& member, const network::FlowTile<Scalar, Keep::slopes>& tile,
                    Scalar* x, Scalar* bar, Scalar* value, Scalar* value_bar) {
        if (normalizes) {
          tile.normalize(member, x, x, value);
          tile.pull_back(member, bar, value_bar, bar);
        } else {
          tile.generate(member, x, x, value);
          tile.pull_back_to_normal(member, bar, value_bar, bar);
        }
      });
  result.adjoint = test::from_rows(adjoints);
  return result;
}

template <class Scalar>
void check_golden(const GoldenCase& golden) {
  const double tolerance = sizeof(Scalar) == 8 ? 1e-10 : 2e-4;
  INFO(golden.name << ", " << 8 * sizeof(Scalar) << " bits");
  const auto flow = test::flow_with<Scalar>(test::flow_shape_of(golden), golden["parameters"]);
  for (const auto direction : {FlowDirection::normalize, FlowDirection::generate}) {
    const std::string name = direction == FlowDirection::normalize ? "normalize" : "generate";
    INFO(name);
    const auto passed = pass(flow, golden, direction);
    CHECK(test::worst_error(passed.image, golden[name + "_image"]) < tolerance);
    CHECK(test::worst_error(passed.log_det, golden[name + "_log_det"]) < tolerance);
    CHECK(test::worst_error(passed.adjoint, golden[name + "_adjoint"]) < tolerance);
    CHECK(test::worst_error(passed.gradient, golden[name + "_gradient"]) < tolerance);
  }
}

std::vector<double> arbitrary_parameters(const FlowShape& shape, double bound) {
  return test::arbitrary_numbers(static_cast<std::size_t>(network::flow_layout(shape).size()), 3, bound);
}

}  // namespace

TEST_CASE("a flow and its sweeps are PyTorch's", "[network][flow]") {
  const auto cases = test::golden_flow_cases();
  REQUIRE(cases.size() == 5);
  for (const auto& golden : cases) {
    check_golden<double>(golden);
    check_golden<float>(golden);
    for (int step = 0; step < static_cast<int>(golden["couplings"][0]); ++step) {
      const auto order = network::flow_order(test::flow_shape_of(golden).dimension, step);
      for (std::size_t i = 0; i < order.size(); ++i)
        CHECK(order[i] ==
              static_cast<int>(golden["order"][static_cast<std::size_t>(step) * order.size() + i]));
    }
  }
}

TEST_CASE("the two directions undo one another", "[network][flow]") {
  for (const auto mixing : {Mixing::linear, Mixing::permutation}) {
    for (const int dimension : {2, 3, 8, 21}) {
      const FlowShape shape{dimension, 4, {8}, network::Activation::silu, mixing};
      const auto flow = test::flow_with<double>(shape, arbitrary_parameters(shape, 0.3));
      const std::size_t rows = 150;
      const auto values = test::arbitrary_numbers(rows * static_cast<std::size_t>(dimension), 4, 2.0);
      const auto x = test::to_rows(values, static_cast<std::size_t>(dimension));
      const core::Rows<double> z("z", rows, dimension), back("back", rows, dimension);
      const Numbers<double> there("there", rows), here("here", rows);
      const core::ExecutionSpace space;
      network::map_through_flow(space, flow.view(), FlowDirection::normalize, x, z, there);
      network::map_through_flow(space, flow.view(), FlowDirection::generate, z, back, here);
      CHECK(test::worst_error(test::from_rows(back), values) < 1e-11);
      auto negative = test::to_host(here);
      for (double& value : negative) value = -value;
      CHECK(test::worst_error(negative, test::to_host(there)) < 1e-11);
    }
  }
}

TEST_CASE("a flow's samples have the log density that they are given", "[network][flow]") {
  const FlowShape shape{3, 3, {8}};
  const auto flow = test::flow_with<double>(shape, arbitrary_parameters(shape, 0.3));
  const core::Rows<double> x("x", 200, 3);
  const Numbers<double> drawn("drawn", 200), evaluated("evaluated", 200);
  const core::PhiloxKey key = core::stream_key(1, core::Purpose::flow_samples);
  network::draw_flow(core::ExecutionSpace(), flow.view(), key, 7, 10, x, drawn);
  network::flow_log_density(core::ExecutionSpace(), flow.view(), x, evaluated);
  CHECK(test::worst_error(test::to_host(drawn), test::to_host(evaluated)) < 1e-11);
  const core::Rows<double> part("part", 50, 3);
  network::draw_flow(core::ExecutionSpace(), flow.view(), key, 7, 110, part, {});
  const auto all = test::from_rows(x);
  CHECK(test::from_rows(part) == std::vector<double>(all.begin() + 300, all.begin() + 450));
}

TEST_CASE("a new flow only mixes, and its activation normalisations are as told", "[network][flow]") {
  for (const auto mixing : {Mixing::linear, Mixing::permutation}) {
    network::Flow<double> flow({2, 4, {8}, network::Activation::silu, mixing});
    flow.initialize(3);
    flow.normalize_step(0, {1.0, -2.0}, {2.0, 0.5});
    const auto x = test::to_rows<double>({1.0, -2.0, 3.0, -1.5}, 2);
    const Numbers<double> log_density("log_density", 2);
    network::flow_log_density(core::ExecutionSpace(), flow.view(), x, log_density);
    // N((1, -2), diag(4, 1/4)) at its mean, and one deviation away in each coordinate; the volume is 1.
    const auto values = test::to_host(log_density);
    CHECK(std::abs(values[0] + 2 * network::half_log_two_pi) < 1e-14);
    CHECK(std::abs(values[1] + 2 * network::half_log_two_pi + 1.0) < 1e-14);
  }
}

TEST_CASE("a flow seen through an affine map is the density of what is mapped", "[network][flow]") {
  const FlowShape shape{3, 2, {5}};
  auto flow = test::flow_with<double>(shape, arbitrary_parameters(shape, 0.4));
  const std::vector<double> y = test::arbitrary_numbers(30, 9, 2.0);
  const double scale[] = {0.5, 2.0, 3.0}, shift[] = {1.0, -1.0, 0.25};
  std::vector<double> x(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) x[i] = scale[i % 3] * y[i] + shift[i % 3];
  const Numbers<double> of_x("of_x", 10), of_y("of_y", 10);
  network::flow_log_density(core::ExecutionSpace(), flow.view(), test::to_rows(x, 3), of_x);
  flow.see_through({0.5, 2.0, 3.0}, {1.0, -1.0, 0.25});
  network::flow_log_density(core::ExecutionSpace(), flow.view(), test::to_rows(y, 3), of_y);
  auto expected = test::to_host(of_x);
  for (double& value : expected) value += std::log(3.0);
  CHECK(test::worst_error(test::to_host(of_y), expected) < 1e-12);
}

TEST_CASE("orders are permutations, and those of several steps differ", "[network][flow]") {
  CHECK(network::flow_order(2, 0) == std::vector<int>{1, 0});
  CHECK(network::flow_order(2, 5) == std::vector<int>{1, 0});
  std::set<std::vector<int>> found;
  for (int step = 0; step < 6; ++step) {
    auto order = network::flow_order(7, step);
    found.insert(order);
    std::ranges::sort(order);
    for (int i = 0; i < 7; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  }
  CHECK(found.size() == 6);
}
