// SPDX-License-Identifier: Apache-2.0
#include "config/read_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "config/key_value.hpp"
#include "config/spelling.hpp"

namespace ebmpi::config {

namespace {

using Problem = std::optional<std::string>;

bool inside(NumberRange range, double value) {
  const bool above = range.lower_bound == Bound::none || value > range.lower ||
                     (range.lower_bound == Bound::inclusive && value == range.lower);
  const bool below = range.upper_bound == Bound::none || value < range.upper ||
                     (range.upper_bound == Bound::inclusive && value == range.upper);
  return above && below;
}

std::string wrong_type(const std::string& name, const std::string& expected, const toml::node& node) {
  return fmt::format("{}: expected {}, got {}", name, expected, describe_type(node));
}

std::string out_of_range(const std::string& name, const std::string& value, const std::string& range) {
  return fmt::format("{} = {} is out of range (it must be {})", name, value, range);
}

std::string unknown_name(const std::string& name, const std::string& word,
                         std::span<const std::string_view> names) {
  const auto nearest = nearest_name(word, names);
  const std::string hint = nearest ? fmt::format(" (did you mean {}?)", toml_quoted(*nearest)) : "";
  return fmt::format("{} = {} is not known{}; choose one of {}", name, toml_quoted(word), hint,
                     quoted_list(names));
}

Problem read_number(const std::string& name, const toml::node& node, IntegerRange range,
                    std::int64_t& target) {
  if (!node.is_integer()) return wrong_type(name, "a whole number", node);
  const std::int64_t number = node.as_integer()->get();
  if (number < range.least || number > range.most) {
    return out_of_range(name, fmt::format("{}", number), range_text(range));
  }
  target = number;
  return {};
}

Problem read_number(const std::string& name, const toml::node& node, NumberRange range, double& target) {
  if (!node.is_number()) return wrong_type(name, "a number", node);
  const double number = *node.value<double>();
  if (!std::isfinite(number)) return fmt::format("{} = {} is not a finite number", name, number);
  if (!inside(range, number)) return out_of_range(name, toml_number(number), range_text(range));
  target = number;
  return {};
}

bool is_allowed_infinity(const toml::node& node, const NumberList& list) {
  return list.infinity == Infinity::allowed && node.is_floating_point() && std::isinf(*node.value<double>());
}
bool is_allowed_infinity(const toml::node&, const WholeNumberList&) {
  return false;
}

/// For a WholeNumberList or a NumberList.
template <class List, class T>
Problem read_list(const std::string& name, const toml::node& node, const List& value, std::size_t shortest,
                  std::vector<T>& target) {
  if (!node.is_array()) return wrong_type(name, "a " + type_text(value), node);
  std::vector<T> numbers;
  for (const toml::node& entry : *node.as_array()) {
    T number{};
    const auto problem = read_number(fmt::format("{}[{}]", name, numbers.size()), entry, value.each, number);
    if (problem && !is_allowed_infinity(entry, value)) return problem;
    numbers.push_back(problem ? *entry.value<T>() : number);
  }
  if (numbers.size() < shortest || numbers.size() > value.longest) {
    return fmt::format("{} has {} entries (it must have {} to {})", name, numbers.size(), shortest,
                       value.longest);
  }
  target = numbers;
  return {};
}

struct Reader {
  std::string name;
  const toml::node& node;
  RunConfig& config;

  Problem operator()(const WholeNumber& value) const {
    return read_number(name, node, value.range, value.field.write(config));
  }

  Problem operator()(const Number& value) const {
    return read_number(name, node, value.range, value.field.write(config));
  }

  Problem operator()(const TrueOrFalse& value) const {
    if (!node.is_boolean()) return wrong_type(name, "true or false", node);
    value.field.write(config) = node.as_boolean()->get();
    return {};
  }

  Problem operator()(const Text& value) const {
    if (!node.is_string()) return wrong_type(name, "a string", node);
    const std::string& text = node.as_string()->get();
    if (text.empty() && value.empty == EmptyText::refused) return fmt::format("{} is empty", name);
    // A NUL would silently end the name in every call to the operating system.
    if (text.find('\0') != std::string::npos) return fmt::format("{} contains a NUL character", name);
    if (!text.empty() && !value.names.empty() && std::ranges::find(value.names, text) == value.names.end()) {
      return unknown_name(name, text, value.names);
    }
    value.field.write(config) = text;
    return {};
  }

  Problem operator()(const WholeNumberList& value) const {
    return read_list(name, node, value, 1, value.field.write(config));
  }

  Problem operator()(const NumberList& value) const {
    return read_list(name, node, value, 0, value.field.write(config));
  }

  Problem operator()(const TextList& value) const {
    if (!node.is_array()) return wrong_type(name, "a " + type_text(value), node);
    std::vector<std::string> texts;
    for (const toml::node& entry : *node.as_array()) {
      const std::string entry_name = fmt::format("{}[{}]", name, texts.size());
      if (!entry.is_string()) return wrong_type(entry_name, "a string", entry);
      texts.push_back(entry.as_string()->get());
      if (texts.back().empty()) return fmt::format("{} is empty", entry_name);
    }
    if (texts.size() > value.longest) {
      return fmt::format("{} has {} entries (it must have at most {})", name, texts.size(), value.longest);
    }
    value.field.write(config) = texts;
    return {};
  }

  Problem operator()(const Choice& value) const {
    if (!node.is_string()) return wrong_type(name, "a string", node);
    const std::string& word = node.as_string()->get();
    const auto found = std::ranges::find(value.names, word);
    if (found == value.names.end()) return unknown_name(name, word, value.names);
    value.write(config, static_cast<std::size_t>(found - value.names.begin()));
    return {};
  }
};

}  // namespace

std::string describe_type(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::optional<std::string> read_value(const Key& key, const toml::node& node, RunConfig& config) {
  return std::visit(Reader{key.dotted(), node, config}, key.value);
}

}  // namespace ebmpi::config
