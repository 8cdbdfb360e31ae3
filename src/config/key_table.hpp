// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/enum_names.hpp"
#include "config/run_config.hpp"

namespace ebmpi::config {

/// Access to one field of a RunConfig.
template <typename T>
struct Field {
  const T& (*read)(const RunConfig&);
  T& (*write)(RunConfig&);
};

/// `field<&RunConfig::run, &RunSection::steps>()`
template <auto Section, auto Member>
constexpr auto field() {
  using T = std::remove_cvref_t<decltype(std::declval<RunConfig&>().*Section.*Member)>;
  return Field<T>{[](const RunConfig& config) -> const T& { return config.*Section.*Member; },
                  [](RunConfig& config) -> T& { return config.*Section.*Member; }};
}

/// least <= value <= most
struct IntegerRange {
  std::int64_t least;
  std::int64_t most;
};

enum class Bound { none, inclusive, exclusive };

struct NumberRange {
  Bound lower_bound;
  double lower;
  Bound upper_bound;
  double upper;
};

enum class EmptyText { allowed, refused };
enum class Infinity { allowed, refused };

struct WholeNumber {
  Field<std::int64_t> field;
  IntegerRange range;
};
struct Number {
  Field<double> field;
  NumberRange range;
};
struct TrueOrFalse {
  Field<bool> field;
};
struct Text {
  Field<std::string> field;
  EmptyText empty;
  std::span<const std::string_view> names;  ///< the accepted values; none: any text
};
struct WholeNumberList {
  Field<std::vector<std::int64_t>> field;
  IntegerRange each;
  std::size_t longest;
};
/// Empty: there is none.
struct NumberList {
  Field<std::vector<double>> field;
  NumberRange each;
  std::size_t longest;
  Infinity infinity = Infinity::refused;
};
/// A field of an enumeration type, as the position of its enumerator.
struct Choice {
  std::size_t (*read)(const RunConfig&);
  void (*write)(RunConfig&, std::size_t);
  std::span<const std::string_view> names;
};

/// Empty: there is none.
struct TextList {
  Field<std::vector<std::string>> field;
  std::size_t longest;
};

using Value =
    std::variant<WholeNumber, Number, TrueOrFalse, Text, WholeNumberList, NumberList, TextList, Choice>;

/// When a key has a meaning at all: it depends on the value of another key, the controller.
struct Condition {
  bool (*holds)(const RunConfig&);
  std::string_view controller;  ///< its dotted name
  std::string_view statement;   ///< "applies only with …"
  std::string_view remedy;      ///< what the user can do
};

struct Key {
  std::string_view section;
  std::string_view name;
  Value value;
  std::string_view meaning;
  /// The key applies where all of them hold. The first that does not is what the user is told.
  std::vector<Condition> conditions = {};

  std::string dotted() const { return std::string(section) + "." + std::string(name); }
  bool applies(const RunConfig& config) const {
    return std::ranges::all_of(conditions,
                               [&](const Condition& condition) { return condition.holds(config); });
  }
};

/// Every key of a program's configs, grouped by section, in the order of the annotated input.
std::span<const Key> key_table(Program program = Program::train);

/// The sections in the order of the table.
std::span<const std::string_view> section_names(Program program = Program::train);

/// nullptr when there is no such key.
const Key* find_key(std::string_view section, std::string_view name, Program program = Program::train);

/// The entry of a key that is known to exist, by its dotted name. Throws std::out_of_range otherwise.
const Key& key_named(std::string_view dotted, Program program = Program::train);

}  // namespace ebmpi::config
