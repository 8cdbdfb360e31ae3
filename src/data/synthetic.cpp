// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "data/curve_densities.hpp"
#include "data/gaussian_densities.hpp"
#include "data/other_densities.hpp"

namespace ebmpi::data {

namespace {

enum class Dimensions { two, any };

struct Entry {
  std::string_view name;
  Dimensions dimensions;
  std::unique_ptr<Density> (*make)(std::int64_t dimension, double noise);
};

constexpr std::array<Entry, 14> entries = {{
    {"two_moons", Dimensions::two, [](std::int64_t, double noise) { return two_moons(noise); }},
    {"eight_gaussians", Dimensions::two, [](std::int64_t, double noise) { return eight_gaussians(noise); }},
    {"twenty_five_gaussians", Dimensions::two,
     [](std::int64_t, double noise) { return twenty_five_gaussians(noise); }},
    {"rings", Dimensions::two, [](std::int64_t, double noise) { return rings(noise); }},
    {"spirals", Dimensions::two, [](std::int64_t, double noise) { return spirals(noise); }},
    {"checkerboard", Dimensions::two,
     [](std::int64_t, double) -> std::unique_ptr<Density> { return std::make_unique<Checkerboard>(); }},
    {"pinwheel", Dimensions::two,
     [](std::int64_t, double noise) -> std::unique_ptr<Density> {
       return std::make_unique<Pinwheel>(noise);
     }},
    {"swiss_roll", Dimensions::two, [](std::int64_t, double noise) { return swiss_roll(noise); }},
    {"gaussian", Dimensions::any, [](std::int64_t dimension, double) { return gaussian(dimension); }},
    {"gaussian_mixture", Dimensions::any, gaussian_mixture},
    {"double_well", Dimensions::any,
     [](std::int64_t dimension, double noise) -> std::unique_ptr<Density> {
       return std::make_unique<DoubleWell>(dimension, noise);
     }},
    {"left_moon", Dimensions::two, [](std::int64_t, double noise) { return left_moon(noise); }},
    {"right_moon", Dimensions::two, [](std::int64_t, double noise) { return right_moon(noise); }},
    {"funnel", Dimensions::any,
     [](std::int64_t dimension, double noise) -> std::unique_ptr<Density> {
       return std::make_unique<Funnel>(dimension, noise);
     }},
}};

constexpr std::array<std::string_view, entries.size()> names = [] {
  std::array<std::string_view, entries.size()> result;
  std::ranges::transform(entries, result.begin(), &Entry::name);
  return result;
}();

const Entry& find_entry(std::string_view name) {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  if (found != entries.end()) return *found;
  std::string known;
  for (const std::string_view candidate : names)
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  throw core::InputError("unknown density '" + std::string(name) +
                         "' (no synthetic density has this name); use one of " + known);
}

}  // namespace

void Density::sample(std::uint64_t seed, std::int64_t first, std::int64_t count,
                     std::span<double> out) const {
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::synthetic_data);
  const auto width = static_cast<std::size_t>(dimension());
  for (std::int64_t i = 0; i < count; ++i) {
    SampleDraws draws(key, static_cast<std::uint64_t>(first + i));
    sample_row(draws, out.subspan(static_cast<std::size_t>(i) * width, width));
  }
}

std::span<const std::string_view> density_names() {
  return names;
}

std::unique_ptr<Density> make_density(std::string_view name, std::int64_t dimension, double noise) {
  const Entry& entry = find_entry(name);
  const std::string quoted = "'" + std::string(name) + "'";
  if (entry.dimensions == Dimensions::two && dimension != 2)
    throw core::InputError("density " + quoted + " cannot have dimension " + std::to_string(dimension) +
                           " (it exists in two dimensions only); use dimension 2");
  if (dimension < 1)
    throw core::InputError("density " + quoted + " cannot have dimension " + std::to_string(dimension) +
                           " (a sample has at least one number); use a dimension of at least 1");
  if (!(noise > 0.0) || !std::isfinite(noise))
    throw core::InputError("density " + quoted + " cannot have noise " + std::to_string(noise) +
                           " (it is a standard deviation); use a positive number");
  return entry.make(dimension, noise);
}

}  // namespace ebmpi::data
