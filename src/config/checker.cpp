// SPDX-License-Identifier: Apache-2.0
#include "config/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/key_value.hpp"

namespace ebmpi::config {

bool Checker::all_usable(Names names) const {
  return std::ranges::all_of(names, [this](std::string_view name) { return usable(name); });
}

void Checker::check_conditions(std::string_view excepted_section) const {
  for (const Key& key : key_table(config_.program)) {
    if (!is_given(key)) continue;
    if (key.section == excepted_section) continue;
    const auto broken = std::ranges::find_if(key.conditions, [this](const Condition& condition) {
      return usable(condition.controller) && !condition.holds(config_);
    });
    if (broken == key.conditions.end()) continue;
    problems_.add(given_.places.at(&key), fmt::format("{} {} (here {}); {}", key.dotted(), broken->statement,
                                                      describe(broken->controller), broken->remedy));
  }
}

std::string Checker::describe(std::string_view name) const {
  const auto place = given_.places.find(&key(name));
  return fmt::format("{} = {} ({})", name, format_value(key(name).value, config_),
                     place == given_.places.end() ? "the default" : place->second.text);
}

void Checker::report(Names names, const std::string& text) const {
  for (const std::string_view name : names) {
    const auto place = given_.places.find(&key(name));
    if (place != given_.places.end()) return problems_.add(place->second, text);
  }
  problems_.add(Place::in_file(file_name_), text);
}

}  // namespace ebmpi::config
