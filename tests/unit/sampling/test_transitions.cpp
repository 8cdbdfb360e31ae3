// SPDX-License-Identifier: Apache-2.0
#include "sampling/transitions.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "network/energy_model.hpp"
#include "network/mlp_energy.hpp"
#include "sampling/langevin.hpp"
#include "support/numbers.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using network::AffineMap;
using network::PartKind;
using sampling::ChainState;
using sampling::ChainTarget;
using sampling::Proposal;
using sampling::TransitionSettings;

namespace {

using Model = network::EnergyModel<float>;
const sampling::TransitionKeys keys = sampling::transition_keys(4, core::Purpose::sample_noise);
const std::vector<network::EnergyStep> lone{{network::EnergyStep::What::part, 0, 1.0, 0.0}};

Model closed_form(PartKind kind, double parameter, const AffineMap& map) {
  return Model(lone, {{kind, {}, {}, parameter, map}}, map.inputs);
}

template <class Energy>
ChainState<float> chains_at(const Energy& energy, const std::vector<float>& x, std::int64_t first = 0) {
  const auto dimension = static_cast<std::size_t>(energy.dimension());
  const std::size_t count = x.size() / dimension;
  std::vector<std::int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  const ChainState<float> state{test::to_rows(x, dimension),
                                core::Rows<float>("ebmpi::test::gradient", count, dimension),
                                test::Buffer<float>("ebmpi::test::energy", count), test::to_device(numbers)};
  sampling::evaluate_chains(core::ExecutionSpace(), energy, state);
  return state;
}

/// Chains that start from independent standard normal numbers, times `scale`.
std::vector<float> spread(std::size_t chains, std::size_t dimension, float scale) {
  std::vector<float> x(chains * dimension);
  const core::PhiloxKey key = core::stream_key(77, core::Purpose::sample_start);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto bits = core::draw(key, i, 0, 0);
    double first, second;
    core::normal_pair(bits.word[0], bits.word[1], first, second);
    x[i] = scale * static_cast<float>(first);
  }
  return x;
}

struct Sampler {
  const char* name;
  TransitionSettings settings;
  double step_size;
};

const std::vector<Sampler> samplers{{"random walk", {Proposal::random_walk, 1, 0.0}, 0.8},
                                    {"MALA", {Proposal::trajectory, 1, 0.0}, 0.9},
                                    {"HMC", {Proposal::trajectory, 5, 0.2}, 0.5}};

/// Mean and variance over the chains of each coordinate.
struct Moments {
  double mean = 0, variance = 0;
};
Moments moments(const std::vector<float>& x, std::size_t dimension, std::size_t d) {
  double sum = 0, square = 0;
  const double count = static_cast<double>(x.size() / dimension);
  for (std::size_t i = d; i < x.size(); i += dimension) sum += x[i];
  for (std::size_t i = d; i < x.size(); i += dimension) square += (x[i] - sum / count) * (x[i] - sum / count);
  return {sum / count, square / count};
}

}  // namespace

TEST_CASE("transitions leave a Gaussian invariant where Langevin's bias shows", "[sampling][transitions]") {
  constexpr std::size_t chains = 65536, dimension = 3;
  const std::vector<double> deviation{1.0, 0.7, 1.5}, mean{0.5, -1.0, 2.0};
  std::vector<double> scale, shift;
  for (std::size_t d = 0; d < dimension; ++d) {
    scale.push_back(1 / deviation[d]);
    shift.push_back(-mean[d] / deviation[d]);
  }
  const Model model = closed_form(PartKind::standard_normal, 1.0, AffineMap::diagonal(scale, shift));
  std::vector<float> start = spread(chains, dimension, 1.0f);
  for (std::size_t i = 0; i < start.size(); ++i) {
    start[i] = static_cast<float>(mean[i % dimension] + deviation[i % dimension] * start[i]);
  }
  const auto check = [&](const std::vector<float>& x, bool biased) {
    for (std::size_t d = 0; d < dimension; ++d) {
      const Moments found = moments(x, dimension, d);
      const double variance = deviation[d] * deviation[d];
      CHECK(std::abs(found.mean - mean[d]) < 4 * deviation[d] / std::sqrt(double{chains}));
      const double errors = std::abs(found.variance - variance) / (variance * std::sqrt(2.0 / chains));
      if (!biased) CHECK(errors < 4);
      // The stationary variance of Langevin's steps is v / (1 - η/(2v)).
      if (biased) CHECK(errors > 10);
    }
  };
  for (const Sampler& sampler : samplers) {
    INFO(sampler.name);
    const auto state = chains_at(model.view(), start);
    const test::Buffer<float> acceptance("ebmpi::test::acceptance", chains);
    sampling::run_transitions(core::ExecutionSpace(), model.view(), {}, sampler.settings, 50,
                              sampler.step_size, keys, 1, state, {acceptance, {}});
    check(test::from_rows(state.x), false);
    const auto sums = test::to_host(acceptance);
    const double rate = std::accumulate(sums.begin(), sums.end(), 0.0) / (50.0 * chains);
    CHECK(rate > 0.2);
    CHECK(rate < 0.99);
  }
  const auto state = chains_at(model.view(), start);
  sampling::LangevinSettings langevin;
  langevin.steps = 50;
  langevin.step_size = 0.5 * 0.9 * 0.9;
  langevin.noise_scale = 0.9;
  sampling::run_langevin(core::ExecutionSpace(), model.view(), langevin, keys.noise, 1,
                         {state.x, state.numbers});
  check(test::from_rows(state.x), true);
}

TEST_CASE("Langevin's bias is of first order in the step, MALA has none", "[sampling][transitions]") {
  // On a standard normal the variance of Langevin chains is 1/(1 - η/2): the bias halves with η.
  constexpr std::size_t chains = 262144;
  const Model model = closed_form(PartKind::standard_normal, 1.0, AffineMap::identity(1));
  std::vector<double> bias;
  for (const double step : {0.4, 0.2}) {
    const auto state = chains_at(model.view(), spread(chains, 1, 1.0f));
    sampling::LangevinSettings langevin;
    langevin.steps = 40;
    langevin.step_size = step;
    langevin.noise_scale = std::sqrt(2 * step);
    sampling::run_langevin(core::ExecutionSpace(), model.view(), langevin, keys.noise, 1,
                           {state.x, state.numbers});
    bias.push_back(moments(test::from_rows(state.x), 1, 0).variance - 1);
    CHECK(std::abs(bias.back() - (1 / (1 - step / 2) - 1)) < 4 * std::sqrt(2.0 / chains) * 1.25);
  }
  // 0.25 / 0.1111 = 2.25, with a standard error of about 0.06.
  CHECK(std::abs(bias[0] / bias[1] - 2.25) < 0.25);
}

TEST_CASE("chains reach the double well's and the funnel's moments", "[sampling][transitions]") {
  constexpr std::size_t chains = 16384;
  const TransitionSettings settings{Proposal::trajectory, 8, 0.2};
  SECTION("double well") {
    const double c = 0.5;  // a barrier of 1/2
    const Model model = closed_form(PartKind::double_well, c, AffineMap::identity(2));
    const auto state = chains_at(model.view(), spread(chains, 2, 1.0f));
    sampling::run_transitions(core::ExecutionSpace(), model.view(), {}, settings, 200, 0.2, keys, 1, state);
    // Moments of the first coordinate by quadrature.
    double norm = 0, second = 0, fourth = 0;
    for (int i = -4000; i <= 4000; ++i) {
      const double t = i * 1e-3, p = std::exp(-(t * t - 1) * (t * t - 1) / (8 * c * c));
      norm += p;
      second += p * t * t;
      fourth += p * t * t * t * t;
    }
    second /= norm;
    fourth /= norm;
    const auto x = test::from_rows(state.x);
    double square = 0, right = 0;
    for (std::size_t i = 0; i < chains; ++i) {
      square += double{x[2 * i]} * x[2 * i] / chains;
      right += x[2 * i] > 0 ? 1.0 / chains : 0.0;
    }
    CHECK(std::abs(square - second) < 4 * std::sqrt((fourth - second * second) / chains));
    CHECK(std::abs(right - 0.5) < 4 * std::sqrt(0.25 / chains));
    CHECK(std::abs(moments(x, 2, 1).variance - c * c) < 4 * c * c * std::sqrt(2.0 / chains));
  }
  SECTION("funnel") {
    const Model model = closed_form(PartKind::funnel, 1.0, AffineMap::identity(3));
    const auto state = chains_at(model.view(), spread(chains, 3, 1.0f));
    sampling::run_transitions(core::ExecutionSpace(), model.view(), {}, settings, 300, 0.25, keys, 1, state);
    const auto x = test::from_rows(state.x);
    const Moments neck = moments(x, 3, 0);
    CHECK(std::abs(neck.mean) < 4 / std::sqrt(double{chains}));
    CHECK(std::abs(neck.variance - 1) < 4 * std::sqrt(2.0 / chains));
    // x_d exp(-x_0 / 2) is standard normal.
    double square = 0;
    for (std::size_t i = 0; i < chains; ++i)
      square += double{x[3 * i + 1]} * x[3 * i + 1] * std::exp(-x[3 * i]);
    CHECK(std::abs(square / chains - 1) < 4 * std::sqrt(2.0 / chains));
  }
}

TEST_CASE("a temperature of each chain, a spring, a box and fixed coordinates", "[sampling][transitions]") {
  constexpr std::size_t chains = 65536;
  const Model model = closed_form(PartKind::standard_normal, 1.0, AffineMap::identity(2));
  const TransitionSettings settings{Proposal::trajectory, 4, 0.2};
  const auto start = spread(chains, 2, 1.0f);
  const auto run = [&](const ChainTarget<float>& target) {
    const auto state = chains_at(model.view(), start);
    sampling::run_transitions(core::ExecutionSpace(), model.view(), target, settings, 60, 0.5, keys, 1,
                              state);
    return test::from_rows(state.x);
  };
  SECTION("temperatures") {
    ChainTarget<float> target;
    std::vector<float> weights(chains);
    for (std::size_t i = 0; i < chains; ++i) weights[i] = i < chains / 2 ? 1.0f : 0.5f;
    target.energy_weights = test::to_device(weights);
    const auto x = run(target);
    const std::vector<float> cold(x.begin(), x.begin() + chains), hot(x.begin() + chains, x.end());
    CHECK(std::abs(moments(cold, 2, 0).variance - 1) < 4 * std::sqrt(4.0 / chains));
    CHECK(std::abs(moments(hot, 2, 0).variance - 2) < 4 * 2 * std::sqrt(4.0 / chains));
  }
  SECTION("spring") {
    // ½x² + ½·3(x - y)²: mean 3y/4, variance 1/4.
    ChainTarget<float> target;
    target.spring = 3.0f;
    std::vector<float> centre(2 * chains);
    for (std::size_t i = 0; i < centre.size(); ++i) centre[i] = i % 2 == 0 ? 2.0f : -1.0f;
    target.centre = test::to_rows(centre, 2);
    const auto x = run(target);
    for (std::size_t d = 0; d < 2; ++d) {
      const Moments found = moments(x, 2, d);
      CHECK(std::abs(found.mean - 0.75 * (d == 0 ? 2.0 : -1.0)) < 4 * 0.5 / std::sqrt(double{chains}));
      CHECK(std::abs(found.variance - 0.25) < 4 * 0.25 * std::sqrt(2.0 / chains));
    }
  }
  SECTION("box") {
    // A normal distribution cut off to [0, ∞): mean √(2/π), variance 1 - 2/π.
    ChainTarget<float> target;
    target.minimum = test::to_device(std::vector<float>{0.0f, -100.0f});
    target.maximum = test::to_device(std::vector<float>{100.0f, 100.0f});
    auto inside = start;
    for (std::size_t i = 0; i < inside.size(); i += 2) inside[i] = std::abs(inside[i]);
    const auto state = chains_at(model.view(), inside);
    sampling::run_transitions(core::ExecutionSpace(), model.view(), target, settings, 60, 0.5, keys, 1,
                              state);
    const auto x = test::from_rows(state.x);
    const double mean = std::sqrt(2 / std::acos(-1.0));
    CHECK(std::abs(moments(x, 2, 0).mean - mean) < 4 * std::sqrt((1 - mean * mean) / chains));
    for (std::size_t i = 0; i < x.size(); i += 2) REQUIRE(x[i] >= 0.0f);
  }
  SECTION("fixed coordinates") {
    ChainTarget<float> target;
    std::vector<float> free(2 * chains, 1.0f);
    for (std::size_t i = 0; i < free.size(); i += 2) free[i] = 0.0f;
    target.free = test::to_rows(free, 2);
    for (const Proposal proposal : {Proposal::random_walk, Proposal::trajectory}) {
      const auto state = chains_at(model.view(), start);
      sampling::run_transitions(core::ExecutionSpace(), model.view(), target, {proposal, 2, 0.0}, 10, 0.5,
                                keys, 1, state);
      const auto x = test::from_rows(state.x);
      bool kept = true, moved = false;
      for (std::size_t i = 0; i < x.size(); i += 2) {
        kept = kept && x[i] == start[i];
        moved = moved || x[i + 1] != start[i + 1];
      }
      CHECK(kept);
      CHECK(moved);
    }
  }
}

TEST_CASE("transitions do not depend on how chains are grouped, bit for bit", "[sampling][transitions]") {
  constexpr std::size_t chains = 300, cut = 37, dimension = 5;
  network::Mlp<float> mlp({dimension, {16, 16}});
  mlp.initialize(3);
  const network::MlpEnergy<float> energy{mlp.view()};
  const auto start = test::converted<float>(test::arbitrary_numbers(chains * dimension, 5, 2.0));
  for (const Sampler& sampler : samplers) {
    const auto run = [&](const std::vector<float>& x, std::int64_t first) {
      const auto state = chains_at(energy, x, first);
      sampling::run_transitions(core::ExecutionSpace(), energy, {}, sampler.settings, 20, 0.3, keys, 3,
                                state);
      return test::from_rows(state.x);
    };
    const auto all = run(start, 40);
    const std::vector<float> tail(start.begin() + cut * dimension, start.end());
    const std::vector<float> all_tail(all.begin() + cut * dimension, all.end());
    CHECK(run(tail, 40 + cut) == all_tail);
    CHECK(run(start, 41) != all);
  }
}

TEST_CASE("a trajectory that runs away is refused and counted", "[sampling][transitions]") {
  const Model model = closed_form(PartKind::double_well, 0.05, AffineMap::identity(2));
  const auto start = spread(64, 2, 1.0f);
  const auto state = chains_at(model.view(), start);
  const test::Buffer<float> acceptance("ebmpi::test::acceptance", 64),
      divergences("ebmpi::test::divergences", 64);
  sampling::run_transitions(core::ExecutionSpace(), model.view(), {}, {Proposal::trajectory, 10, 0.0}, 5, 5.0,
                            keys, 1, state, {acceptance, divergences});
  CHECK(test::from_rows(state.x) == start);
  for (const float value : test::to_host(acceptance)) CHECK(value == 0.0f);
  for (const float value : test::to_host(divergences)) CHECK(value == 5.0f);
}
