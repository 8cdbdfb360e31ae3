// SPDX-License-Identifier: Apache-2.0
#include "config/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace ebmpi::config {

namespace {

struct Unit {
  char letter;
  double seconds;
};
constexpr std::array<Unit, 4> units = {{{'d', 86400.0}, {'h', 3600.0}, {'m', 60.0}, {'s', 1.0}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes digits, optionally with a fraction, from the front of `text`; neither a sign nor an exponent.
std::optional<double> take_number(std::string_view& text) {
  const auto digits_from = [&](std::size_t first) {
    return static_cast<std::size_t>(std::find_if_not(text.begin() + first, text.end(), is_digit) -
                                    text.begin());
  };
  std::size_t end = digits_from(0);
  if (end == 0) return std::nullopt;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) end = digits_from(end + 1);
  double value = 0.0;
  const auto result = std::from_chars(text.data(), text.data() + end, value, std::chars_format::fixed);
  if (result.ec != std::errc{} || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(end);
  return value;
}

/// `1d2h`, `3h50m`, …: every unit at most once, longer ones first.
std::optional<double> from_units(std::string_view text) {
  double seconds = 0.0;
  auto next_unit = units.begin();
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    if (!number || text.empty()) return std::nullopt;
    const auto unit =
        std::find_if(next_unit, units.end(), [&](const Unit& u) { return u.letter == text.front(); });
    if (unit == units.end()) return std::nullopt;
    seconds += *number * unit->seconds;
    next_unit = unit + 1;
    text.remove_prefix(1);
  }
  return seconds;
}

/// Whole number of at most `most_digits` digits and below `limit` that fills `text`.
std::optional<int> clock_field(std::string_view text, std::size_t most_digits, int limit) {
  if (text.empty() || text.size() > most_digits || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value < limit ? std::optional<int>(value) : std::nullopt;
}

/// `HH:MM:SS` or `D-HH:MM:SS`.
std::optional<double> from_clock(std::string_view text) {
  constexpr std::size_t long_field = 6;
  constexpr int unlimited = 1'000'000;
  std::optional<int> days = 0;
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    days = clock_field(text.substr(0, dash), long_field, unlimited);
    text.remove_prefix(dash + 1);
  }
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const bool has_days = dash != std::string_view::npos;
  const auto hours = clock_field(text.substr(0, first), has_days ? 2 : long_field, has_days ? 24 : unlimited);
  const auto minutes = clock_field(text.substr(first + 1, second - first - 1), 2, 60);
  const auto seconds = clock_field(text.substr(second + 1), 2, 60);
  if (!days || !hours || !minutes || !seconds) return std::nullopt;
  return *days * 86400.0 + *hours * 3600.0 + *minutes * 60.0 + *seconds;
}

std::optional<double> from_plain_number(std::string_view text) {
  const std::optional<double> number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

}  // namespace

double parse_duration(std::string_view text) {
  if (!text.empty()) {
    for (const auto form : {from_plain_number, from_units, from_clock}) {
      if (const std::optional<double> seconds = form(text)) return *seconds;
    }
  }
  throw core::InputError(
      fmt::format("'{}' is not a length of time (none of the accepted forms matches); write seconds (5400), "
                  "units (1h30m, 90s, 1d2h), HH:MM:SS or D-HH:MM:SS",
                  text));
}

}  // namespace ebmpi::config
