// SPDX-License-Identifier: Apache-2.0
#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "core/error.hpp"

namespace ebmpi::config {

Place Place::on_line(const std::string& file_name, std::int64_t line) {
  return {line, fmt::format("{}:{}", file_name, line)};
}

Place Place::in_override(const std::string& argument) {
  return {std::numeric_limits<std::int64_t>::max(), "--set " + argument};
}

void Problems::add(const Place& place, const std::string& text) {
  problems_.push_back({place.line, fmt::format("{}: {}", place.text, text)});
}

void Problems::throw_if_any() const {
  constexpr std::size_t most_shown = 30;
  if (problems_.empty()) return;
  if (problems_.size() == 1) throw core::InputError(problems_.front().text);
  std::vector<Problem> ordered = problems_;
  std::ranges::stable_sort(ordered, {}, &Problem::line);
  std::string text = fmt::format("the config has {} errors; correct them:", ordered.size());
  for (std::size_t i = 0; i < std::min(ordered.size(), most_shown); ++i) text += "\n  " + ordered[i].text;
  if (ordered.size() > most_shown) text += fmt::format("\n  … and {} more", ordered.size() - most_shown);
  throw core::InputError(text);
}

}  // namespace ebmpi::config
