// SPDX-License-Identifier: Apache-2.0
#include "sampling/langevin.hpp"

#include <cmath>
#include <numeric>

#include "network/mlp_energy.hpp"
#include "sampling/transitions.hpp"
#include "selftest/groups.hpp"
#include "selftest/isotropic_fit.hpp"

namespace ebmpi::selftest {
namespace {

using core::ExecutionSpace;
using sampling::LangevinSettings;

constexpr std::int64_t chains = 4096;
constexpr double precision = 1.5;  // a of E = ½a‖x‖²

/// E = ½a‖x‖²: units ½x² with weights a.
network::Mlp<float> harmonic(int dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  std::vector<double> parameters(size * size + 2 * size + 1, 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    parameters[i * size + i] = 1.0;
    parameters[size * size + size + i] = precision;
  }
  return network_of({dimension, {dimension}, network::Activation::quadratic}, parameters);
}

/// s = -ax as a score network.
network::Mlp<float> harmonic_score(int dimension) {
  const auto size = static_cast<std::size_t>(dimension);
  std::vector<double> parameters(size * size + size, 0.0);
  for (std::size_t i = 0; i < size; ++i) parameters[i * size + i] = -precision;
  network::MlpShape shape{dimension, {}};
  shape.outputs = dimension;
  return network_of(shape, parameters);
}

LangevinSettings settings_at(int steps, double step_size, double temperature) {
  LangevinSettings settings;
  settings.steps = steps;
  settings.step_size = step_size;
  settings.noise_scale = std::sqrt(2.0 * step_size * temperature);
  return settings;
}

/// x (N · D) after the steps; chain i has the number first + i.
std::vector<double> advanced(const network::Mlp<float>& mlp, network::Output output,
                             const LangevinSettings& settings, const std::vector<float>& x,
                             std::int64_t first = 0, const sampling::ChainWatch<float>& watch = {}) {
  const int dimension = mlp.shape().inputs;
  const core::Rows<float> rows = to_rows(x, dimension);
  std::vector<std::int64_t> numbers(rows.extent(0));
  std::iota(numbers.begin(), numbers.end(), first);
  sampling::run_langevin(ExecutionSpace(), network::MlpEnergy<float>{mlp.view(), output}, settings,
                         key_of(core::Purpose::chain_noise), 1, {rows, to_device(numbers)}, watch);
  return to_host(rows);
}

double mean_square(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0) /
         static_cast<double>(values.size());
}

/// x ← x - ηax + √(2ηT) ξ is an autoregression with the stationary variance V = T/(a(1 - aη/2)), exactly; of
/// independent chains a coordinate's square has the variance 2V². The virial x·∇E = a‖x‖² has the mean aDV.
void check_stationary(CheckList& list, int dimension) {
  constexpr double step_size = 0.5, temperature = 0.5;
  constexpr double variance = temperature / (precision * (1.0 - 0.5 * precision * step_size));
  constexpr int steps = 30;  // (1 - aη)^(2 · 30) of the start is left: 1e-36
  const network::Mlp<float> mlp = harmonic(dimension);
  const auto numbers = static_cast<double>(chains * dimension);
  const sampling::ChainWatch<float> watch{to_device(std::vector<float>(static_cast<std::size_t>(dimension))),
                                          {},
                                          to_device(std::vector<float>(chains))};
  const std::vector<double> x =
      advanced(mlp, network::Output::energy, settings_at(steps, step_size, temperature),
               normal_rows(Draw::starts, chains, dimension), 0, watch);
  const std::string title = subject("Langevin", dimension);
  list.compare(title + ": stationary mean", std::accumulate(x.begin(), x.end(), 0.0) / numbers, 0.0,
               standard_errors(std::sqrt(variance / numbers)));
  list.compare(title + ": stationary variance T/(a(1 - aη/2))", mean_square(x), variance,
               standard_errors(variance * std::sqrt(2.0 / numbers)));
  const std::vector<double> virial = to_host(watch.virial);
  list.compare(title + ": virial", std::accumulate(virial.begin(), virial.end(), 0.0) / numbers,
               precision * variance, standard_errors(precision * variance * std::sqrt(2.0 / numbers)));
}

/// Without noise, k steps multiply x by (1 - aη)^k; with a bound g on ‖∇E‖ one step shortens it by ηg where
/// a‖x‖ is larger.
void check_drift(CheckList& list, int dimension) {
  constexpr double step_size = 0.125, bound = 0.5;
  constexpr int steps = 4;
  const std::vector<float> start = normal_rows(Draw::starts, core::tile_size + 3, dimension);
  const std::string title = subject("Langevin", dimension);
  std::vector<double> wanted;
  for (const float x : start)
    wanted.push_back(static_cast<double>(x) * std::pow(1.0 - precision * step_size, steps));
  const LangevinSettings settings = settings_at(steps, step_size, 0.0);
  constexpr double largest = 4.5;  // |x| of a few thousand normal numbers
  const Tolerance tolerance = roundings(roundings_of(dimension), steps * largest);
  list.compare(title + ": drift", advanced(harmonic(dimension), network::Output::energy, settings, start),
               wanted, tolerance);
  list.compare(title + ": drift of a score network",
               advanced(harmonic_score(dimension), network::Output::score, settings, start), wanted,
               tolerance);

  LangevinSettings clipped = settings_at(1, step_size, 0.0);
  clipped.gradient_clip = bound;
  const auto size = static_cast<std::size_t>(dimension);
  for (std::size_t row = 0; row < start.size() / size; ++row) {
    double square = 0;
    for (std::size_t d = 0; d < size; ++d) square += std::pow(static_cast<double>(start[row * size + d]), 2);
    const double factor = 1.0 - step_size * std::fmin(precision, bound / std::sqrt(square));
    for (std::size_t d = 0; d < size; ++d)
      wanted[row * size + d] = factor * static_cast<double>(start[row * size + d]);
  }
  list.compare(title + ": bounded gradient",
               advanced(harmonic(dimension), network::Output::energy, clipped, start), wanted, tolerance);
}

/// The noise belongs to a chain's number, not to its place.
void check_grouping(CheckList& list) {
  constexpr int dimension = 3;
  constexpr std::int64_t all = 3 * core::tile_size, first = 50, count = 71;
  const network::Mlp<float> mlp = harmonic(dimension);
  const LangevinSettings settings = settings_at(7, 0.1, 1.0);
  const std::vector<float> start = normal_rows(Draw::starts, all, dimension);
  const auto piece = [](const auto& values) {
    return std::vector(values.begin() + first * dimension, values.begin() + (first + count) * dimension);
  };
  const std::vector<double> together = advanced(mlp, network::Output::energy, settings, start);
  list.compare("Langevin: chains do not depend on their neighbours",
               advanced(mlp, network::Output::energy, settings, piece(start), first), piece(together),
               exact());
}

/// Chains that start in equilibrium, of variance T/a at the temperature T, stay there whatever the step: a
/// transition that did not leave it alone would carry them away.
void check_transitions(CheckList& list, int dimension) {
  constexpr double temperature = 0.5, variance = temperature / precision;
  struct Move {
    const char* name;
    sampling::TransitionSettings settings;
  };
  const Move moves[] = {{"random walk", {sampling::Proposal::random_walk, 1, 0.0}},
                        {"MALA", {sampling::Proposal::trajectory, 1, 0.0}},
                        {"trajectories", {sampling::Proposal::trajectory, 5, 0.2}}};
  std::vector<float> start = normal_rows(Draw::starts, chains, dimension);
  for (float& x : start) x *= static_cast<float>(std::sqrt(variance));
  std::vector<std::int64_t> numbers(chains);
  std::iota(numbers.begin(), numbers.end(), 0);
  const network::Mlp<float> mlp = harmonic(dimension);
  const network::MlpEnergy<float> energy{mlp.view()};
  const auto count = static_cast<double>(chains * dimension);
  for (const Move& move : moves) {
    const sampling::ChainState<float> state{
        to_rows(start, dimension), core::Rows<float>("ebmpi::selftest::gradient", chains, dimension),
        Kokkos::View<float*, core::MemorySpace>("ebmpi::selftest::energy", chains), to_device(numbers)};
    sampling::evaluate_chains(ExecutionSpace(), energy, state);
    sampling::ChainTarget<float> target;
    target.energy_weight = static_cast<float>(1.0 / temperature);
    const double step_size = 1.5 * std::sqrt(variance) / std::sqrt(static_cast<double>(dimension));
    sampling::run_transitions(ExecutionSpace(), energy, target, move.settings, 30, step_size,
                              sampling::transition_keys(1, core::Purpose::sample_noise), 1, state);
    list.compare(subject(move.name, dimension) + ": variance T/a", mean_square(to_host(state.x)), variance,
                 standard_errors(variance * std::sqrt(2.0 / count)));
  }
}

}  // namespace

CheckList sampler_checks() {
  CheckList list;
  for (const int dimension : dimensions) {
    check_stationary(list, dimension);
    check_drift(list, dimension);
    check_transitions(list, dimension);
  }
  check_grouping(list);
  return list;
}

}  // namespace ebmpi::selftest
