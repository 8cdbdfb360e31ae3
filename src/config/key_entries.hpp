// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/key_table.hpp"

namespace ebmpi::config {

// What the entries of the table are written with; only the files of the table include this.

inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
inline constexpr NumberRange positive = {Bound::exclusive, 0.0, Bound::none, 0.0};
inline constexpr NumberRange non_negative = {Bound::inclusive, 0.0, Bound::none, 0.0};
inline constexpr NumberRange zero_to_one = {Bound::inclusive, 0.0, Bound::inclusive, 1.0};
inline constexpr NumberRange between_zero_and_one = {Bound::exclusive, 0.0, Bound::exclusive, 1.0};
inline constexpr NumberRange any_number = {Bound::none, 0.0, Bound::none, 0.0};
inline constexpr NumberRange zero_to_below_one = {Bound::inclusive, 0.0, Bound::exclusive, 1.0};
inline constexpr NumberRange half_to_one = {Bound::inclusive, 0.5, Bound::inclusive, 1.0};
inline constexpr NumberRange above_zero_to_one = {Bound::exclusive, 0.0, Bound::inclusive, 1.0};
inline constexpr NumberRange at_least_one = {Bound::inclusive, 1.0, Bound::none, 0.0};
inline constexpr NumberRange above_one = {Bound::exclusive, 1.0, Bound::none, 0.0};
inline constexpr NumberRange at_least_minus_one = {Bound::inclusive, -1.0, Bound::none, 0.0};
inline constexpr NumberRange above_zero_to_4096 = {Bound::exclusive, 0.0, Bound::inclusive, 4096.0};

template <auto Section, auto Member>
WholeNumber whole_number(std::int64_t least, std::int64_t most = unlimited) {
  return {field<Section, Member>(), {least, most}};
}

template <auto Section, auto Member>
Number number(NumberRange range) {
  return {field<Section, Member>(), range};
}

template <auto Section, auto Member>
Text text(EmptyText empty, std::span<const std::string_view> names = {}) {
  return {field<Section, Member>(), empty, names};
}

template <auto Section, auto Member>
Choice choice() {
  using Enum = std::remove_cvref_t<decltype(std::declval<RunConfig&>().*Section.*Member)>;
  return {[](const RunConfig& config) { return static_cast<std::size_t>(config.*Section.*Member); },
          [](RunConfig& config, std::size_t index) { config.*Section.*Member = static_cast<Enum>(index); },
          enum_names<Enum>()};
}

template <ObjectiveKind Kind>
bool objective_is(const RunConfig& config) {
  return config.objective.kind == Kind;
}

/// The conditions of an entry, all of which must hold.
template <class... Conditions>
std::vector<Condition> when(const Conditions&... conditions) {
  return {conditions...};
}

/// Appends the entries of the section [objective].
void add_objective(std::vector<Key>& keys);
/// Appends the entries of the section [flow].
void add_flow(std::vector<Key>& keys);
/// Appends the entries of the section [sampler].
void add_sampler(std::vector<Key>& keys);
/// Every entry of the configs of infer.
std::vector<Key> infer_keys();

}  // namespace ebmpi::config
