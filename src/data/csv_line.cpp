// SPDX-License-Identifier: Apache-2.0
#include "data/csv_line.hpp"

#include <algorithm>

namespace ebmpi::data {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The end of the field that starts at `first`: the next delimiter outside quotes, or the end of the line.
std::size_t field_end(std::string_view line, std::size_t first, char delimiter, bool& quoted) {
  quoted = false;
  std::size_t i = first;
  for (; i < line.size() && (quoted || line[i] != delimiter); ++i) quoted ^= line[i] == '"';
  return i;
}

void unquote(std::string_view text, std::string& field) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  if (!quoted) {
    field.assign(text);
    return;
  }
  field.clear();
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    field += text[i];
    if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') ++i;
  }
}

}  // namespace

char detect_delimiter(std::string_view line) {
  std::string unquoted;
  bool quoted = false;
  for (const char c : line) {
    quoted ^= c == '"';
    if (!quoted) unquoted += c;
  }
  char best = ',';
  for (const char candidate : {';', '\t'})
    if (std::ranges::count(unquoted, candidate) > std::ranges::count(unquoted, best)) best = candidate;
  return best;
}

bool split_line(std::string_view line, char delimiter, std::vector<std::string>& fields) {
  std::size_t count = 0, first = 0;
  for (;;) {
    bool open_quote = false;
    const std::size_t end = field_end(line, first, delimiter, open_quote);
    if (open_quote) return false;
    if (count == fields.size()) fields.emplace_back();
    unquote(trimmed(line.substr(first, end - first)), fields[count++]);
    if (end == line.size()) break;
    first = end + 1;
  }
  fields.resize(count);
  return true;
}

}  // namespace ebmpi::data
