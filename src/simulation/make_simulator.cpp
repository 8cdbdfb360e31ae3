// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "simulation/benchmark_simulators.hpp"
#include "simulation/external_simulator.hpp"
#include "simulation/gaussian_simulators.hpp"
#include "simulation/lotka_volterra.hpp"
#include "simulation/simulator.hpp"
#include "simulation/sir.hpp"

namespace ebmpi::simulation {

namespace {

/// Upper ends of ranges, far above what is useful: beyond them sizes overflow or memory ends.
constexpr std::int64_t most_dimensions = 10000, most_numbers = 10'000'000, most_people = 1'000'000'000;

void require_whole(const Settings& settings, const char* name, std::int64_t value, std::int64_t least,
                   std::int64_t most) {
  if (value >= least && value <= most) return;
  throw core::InputError(fmt::format(
      "simulator '{}' cannot have {} = {} (it is not in its range); use a whole number from {} to {}",
      settings.kind, name, value, least, most));
}

void require_positive(const Settings& settings, const char* name, double value) {
  if (value > 0.0 && std::isfinite(value)) return;
  throw core::InputError(
      fmt::format("simulator '{}' cannot have {} = {} (it must be above 0); use a positive number",
                  settings.kind, name, value));
}

void require_dimension(const Settings& settings) {
  require_whole(settings, "dimension", settings.dimension, 1, most_dimensions);
}

/// Of a record at `times` times.
void require_times(const Settings& settings) {
  require_whole(settings, "times", settings.times, 1, most_dimensions);
  if (settings.duration != 0.0) require_positive(settings, "duration", settings.duration);
}

std::unique_ptr<Simulator> make_gaussian_location(const Settings& settings) {
  require_dimension(settings);
  require_positive(settings, "noise", settings.noise);
  return gaussian_location(settings.dimension, settings.noise);
}

std::unique_ptr<Simulator> make_gaussian_scale(const Settings& settings) {
  require_dimension(settings);
  return gaussian_scale(settings.dimension);
}

std::unique_ptr<Simulator> make_linear_gaussian(const Settings& settings) {
  require_dimension(settings);
  require_positive(settings, "noise", settings.noise);
  return linear_gaussian(settings.dimension, settings.noise);
}

std::unique_ptr<Simulator> make_gaussian_mixture(const Settings& settings) {
  require_dimension(settings);
  require_positive(settings, "noise", settings.noise);
  return gaussian_mixture(settings.dimension, settings.noise);
}

std::unique_ptr<Simulator> make_sir(const Settings& settings) {
  require_whole(settings, "population", settings.population, 2, most_people);
  require_whole(settings, "infected", settings.infected, 1, settings.population - 1);
  require_times(settings);
  return sir(settings);
}

std::unique_ptr<Simulator> make_lotka_volterra(const Settings& settings) {
  require_times(settings);
  require_whole(settings, "most_events", settings.most_events, 1, most_people);
  return lotka_volterra(settings);
}

std::unique_ptr<Simulator> make_two_moons(const Settings&) {
  return two_moons();
}

std::unique_ptr<Simulator> make_mg1(const Settings& settings) {
  require_whole(settings, "customers", settings.customers, 2, most_numbers);
  return mg1(settings.customers);
}

std::unique_ptr<Simulator> make_g_and_k(const Settings& settings) {
  require_whole(settings, "draws", settings.draws, 1, most_numbers);
  return g_and_k(settings.draws);
}

std::unique_ptr<Simulator> make_external(const Settings& settings) {
  require_whole(settings, "workers", settings.workers, 0, most_dimensions);
  require_whole(settings, "retries", settings.retries, 0, most_dimensions);
  require_whole(settings, "batch", settings.batch, 1, most_numbers);
  require_whole(settings, "columns", settings.columns, 0, most_numbers);
  require_positive(settings, "timeout", settings.timeout);
  return std::make_unique<ExternalSimulator>(settings);
}

struct Entry {
  std::string_view name;
  std::unique_ptr<Simulator> (*make)(const Settings&);
};

constexpr std::array<Entry, 10> entries = {{{"gaussian_location", make_gaussian_location},
                                            {"gaussian_scale", make_gaussian_scale},
                                            {"linear_gaussian", make_linear_gaussian},
                                            {"gaussian_mixture", make_gaussian_mixture},
                                            {"sir", make_sir},
                                            {"lotka_volterra", make_lotka_volterra},
                                            {"two_moons", make_two_moons},
                                            {"mg1", make_mg1},
                                            {"g_and_k", make_g_and_k},
                                            {"external", make_external}}};

constexpr std::array<std::string_view, entries.size()> names = [] {
  std::array<std::string_view, entries.size()> result;
  std::ranges::transform(entries, result.begin(), &Entry::name);
  return result;
}();

}  // namespace

std::span<const std::string_view> simulator_names() {
  return names;
}

std::unique_ptr<Simulator> make_simulator(const Settings& settings) {
  const auto found = std::ranges::find(entries, settings.kind, &Entry::name);
  if (found != entries.end()) return found->make(settings);
  throw core::InputError(fmt::format("unknown simulator '{}' (none has this name); use one of {}",
                                     settings.kind, fmt::join(names, ", ")));
}

}  // namespace ebmpi::simulation
