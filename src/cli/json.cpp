// SPDX-License-Identifier: Apache-2.0
#include "cli/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ebmpi::cli {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string indentation(int depth) {
  return std::string(2 * static_cast<std::size_t>(depth), ' ');
}

}  // namespace

Json& Json::set(std::string key, Json value) {
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::add(Json value) {
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

bool Json::is_flat() const {
  const auto is_object = [](const Json& value) { return std::holds_alternative<Object>(value.value_); };
  if (const auto* members = std::get_if<Object>(&value_)) {
    return std::ranges::none_of(
        *members, [&](const auto& member) { return is_object(member.second) || !member.second.is_flat(); });
  }
  if (const auto* elements = std::get_if<Array>(&value_)) return std::ranges::none_of(*elements, is_object);
  return true;
}

void Json::append_json(std::string& out, int depth) const {
  const std::string line = "\n" + indentation(depth + 1);
  const bool flat = is_flat() && depth > 0;
  if (const auto* members = std::get_if<Object>(&value_)) {
    out += "{";
    for (std::size_t i = 0; i < members->size(); ++i) {
      out += (i > 0 ? "," : "") + (flat ? std::string(i > 0 ? " " : "") : line) +
             quoted((*members)[i].first) + ": ";
      (*members)[i].second.append_json(out, depth + 1);
    }
    out += flat || members->empty() ? "}" : "\n" + indentation(depth) + "}";
  } else if (const auto* elements = std::get_if<Array>(&value_)) {
    const bool has_objects = std::ranges::any_of(
        *elements, [](const Json& value) { return std::holds_alternative<Object>(value.value_); });
    out += "[";
    for (std::size_t i = 0; i < elements->size(); ++i) {
      if (i > 0) out += has_objects ? "," : ", ";
      if (has_objects) out += "\n" + indentation(depth + 1);
      (*elements)[i].append_json(out, depth + 1);
    }
    out += has_objects ? "\n" + indentation(depth) + "]" : "]";
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    out += quoted(*text);
  } else if (const auto* real = std::get_if<double>(&value_)) {
    out += std::isfinite(*real) ? fmt::format("{}", *real) : "null";
  } else if (std::holds_alternative<std::monostate>(value_)) {
    out += "null";
  } else {
    append_inline(out);
  }
}

void Json::append_inline(std::string& out) const {
  if (const auto* members = std::get_if<Object>(&value_)) {
    for (std::size_t i = 0; i < members->size(); ++i) {
      out += (i > 0 ? ", " : "") + (*members)[i].first + " ";
      (*members)[i].second.append_inline(out);
    }
  } else if (const auto* elements = std::get_if<Array>(&value_)) {
    out += "(";
    for (std::size_t i = 0; i < elements->size(); ++i) {
      if (i > 0) out += ", ";
      (*elements)[i].append_inline(out);
    }
    out += ")";
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    out += *text;
  } else if (const auto* real = std::get_if<double>(&value_)) {
    out += fmt::format("{:.6g}", *real);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    out += fmt::format("{}", *integer);
  } else if (const auto* truth = std::get_if<bool>(&value_)) {
    out += *truth ? "true" : "false";
  } else {
    out += "none";
  }
}

void Json::append_lines(std::string& out, int depth) const {
  constexpr std::size_t most_in_line = 5;
  const auto takes_lines = [](const Json& value) {
    const auto* inner = std::get_if<Object>(&value.value_);
    return inner != nullptr && (!value.is_flat() || inner->size() > most_in_line);
  };
  const auto& members = std::get<Object>(value_);
  std::size_t width = 0;
  for (const auto& [key, value] : members) {
    if (!takes_lines(value)) width = std::max(width, key.size());
  }
  for (const auto& [key, value] : members) {
    out += indentation(depth) + key;
    if (takes_lines(value)) {
      out += "\n";
      value.append_lines(out, depth + 1);
      continue;
    }
    out += std::string(width - key.size() + 2, ' ');
    value.append_inline(out);
    out += "\n";
  }
}

std::string Json::to_json() const {
  std::string out;
  append_json(out, 0);
  return out + "\n";
}

std::string Json::to_text() const {
  std::string out;
  append_lines(out, 0);
  return out;
}

}  // namespace ebmpi::cli
