// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ebmpi::cli {

/// A result that is printed for programs (JSON) or for people (indented lines), from one tree. Members keep
/// the order in which they were set.
class Json {
public:
  Json() = default;  ///< null
  Json(bool value) : value_(value) {}
  template <std::integral Integer>
  Json(Integer value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}

  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }
  template <class Values>
  static Json array(const Values& values) {
    Json result = array();
    for (const auto& value : values) result.add(value);
    return result;
  }

  /// Appends a member to an object.
  Json& set(std::string key, Json value);
  /// Appends an element to an array.
  Json& add(Json value);

  /// JSON text; a number that is NaN or infinite, which JSON does not have, becomes null.
  std::string to_json() const;
  /// Of an object: "key  value" lines, deeper ones indented; small objects without objects in them take one.
  std::string to_text() const;

private:
  using Object = std::vector<std::pair<std::string, Json>>;
  using Array = std::vector<Json>;
  explicit Json(Object value) : value_(std::move(value)) {}
  explicit Json(Array value) : value_(std::move(value)) {}

  bool is_flat() const;
  void append_json(std::string& out, int depth) const;
  void append_inline(std::string& out) const;
  void append_lines(std::string& out, int depth) const;

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace ebmpi::cli
