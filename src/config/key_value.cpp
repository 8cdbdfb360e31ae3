// SPDX-License-Identifier: Apache-2.0
#include "config/key_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <vector>

namespace ebmpi::config {

namespace {

struct Formatter {
  const RunConfig& config;

  std::string operator()(const WholeNumber& value) const {
    return fmt::format("{}", value.field.read(config));
  }
  std::string operator()(const Number& value) const { return toml_number(value.field.read(config)); }
  std::string operator()(const TrueOrFalse& value) const {
    return value.field.read(config) ? "true" : "false";
  }
  std::string operator()(const Text& value) const { return toml_quoted(value.field.read(config)); }
  std::string operator()(const WholeNumberList& value) const {
    return fmt::format("[{}]", fmt::join(value.field.read(config), ", "));
  }
  std::string operator()(const NumberList& value) const {
    std::vector<std::string> numbers;
    for (const double number : value.field.read(config)) numbers.push_back(toml_number(number));
    return fmt::format("[{}]", fmt::join(numbers, ", "));
  }
  std::string operator()(const TextList& value) const {
    std::vector<std::string> texts;
    for (const std::string& text : value.field.read(config)) texts.push_back(toml_quoted(text));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }
  std::string operator()(const Choice& value) const { return toml_quoted(value.names[value.read(config)]); }
};

struct TypeNamer {
  std::string operator()(const WholeNumber&) const { return "whole number"; }
  std::string operator()(const Number&) const { return "number"; }
  std::string operator()(const TrueOrFalse&) const { return "true or false"; }
  std::string operator()(const Text&) const { return "string"; }
  std::string operator()(const WholeNumberList&) const { return "list of whole numbers"; }
  std::string operator()(const NumberList&) const { return "list of numbers"; }
  std::string operator()(const TextList&) const { return "list of strings"; }
  std::string operator()(const Choice&) const { return "string"; }
};

std::string one_of(std::span<const std::string_view> names) {
  return names.size() == 1 ? quoted_list(names) : "one of " + quoted_list(names);
}

struct RangeDescriber {
  std::string operator()(const WholeNumber& value) const { return range_text(value.range); }
  std::string operator()(const Number& value) const { return range_text(value.range); }
  std::string operator()(const TrueOrFalse&) const { return ""; }
  std::string operator()(const Text& value) const {
    if (!value.names.empty()) return one_of(value.names);
    return value.empty == EmptyText::refused ? "not empty" : "";
  }
  std::string operator()(const WholeNumberList& value) const {
    return fmt::format("1 to {} entries, each {}", value.longest, range_text(value.each));
  }
  std::string operator()(const NumberList& value) const {
    const std::string each = range_text(value.each);
    return fmt::format("0 to {} entries{}{}", value.longest, each.empty() ? "" : ", each ", each);
  }
  std::string operator()(const TextList& value) const {
    return fmt::format("0 to {} entries, none empty", value.longest);
  }
  std::string operator()(const Choice& value) const { return one_of(value.names); }
};

}  // namespace

std::string toml_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string toml_number(double value) {
  std::string text = fmt::format("{}", value);
  // "1" would be a TOML integer.
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string quoted_list(std::span<const std::string_view> names) {
  std::vector<std::string> quoted;
  for (const std::string_view name : names) quoted.push_back(toml_quoted(name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string range_text(IntegerRange range) {
  if (range.most == std::numeric_limits<std::int64_t>::max()) return fmt::format(">= {}", range.least);
  return fmt::format("{} to {}", range.least, range.most);
}

std::string range_text(NumberRange range) {
  const auto side = [](Bound bound, const char* inclusive, const char* exclusive,
                       double limit) -> std::string {
    if (bound == Bound::none) return "";
    return fmt::format("{} {}", bound == Bound::inclusive ? inclusive : exclusive, limit);
  };
  const std::string lower = side(range.lower_bound, ">=", ">", range.lower);
  const std::string upper = side(range.upper_bound, "<=", "<", range.upper);
  return lower + (lower.empty() || upper.empty() ? "" : " and ") + upper;
}

std::string format_value(const Value& value, const RunConfig& config) {
  return std::visit(Formatter{config}, value);
}

std::string type_text(const Value& value) {
  return std::visit(TypeNamer{}, value);
}

std::string range_text(const Value& value) {
  return std::visit(RangeDescriber{}, value);
}

}  // namespace ebmpi::config
