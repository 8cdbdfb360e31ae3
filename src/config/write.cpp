// SPDX-License-Identifier: Apache-2.0
#include "config/write.hpp"

#include <fmt/format.h>

#include "config/key_table.hpp"
#include "config/key_value.hpp"

namespace ebmpi::config {

namespace {

/// An empty file, density, output or ladder of noise levels means that there is none.
bool is_none(const Key& key, const RunConfig& config) {
  const Text* const text = std::get_if<Text>(&key.value);
  const NumberList* const list = std::get_if<NumberList>(&key.value);
  const TextList* const texts = std::get_if<TextList>(&key.value);
  return (text && text->field.read(config).empty()) || (list && list->field.read(config).empty()) ||
         (texts && texts->field.read(config).empty());
}

std::vector<std::string> statements(const Key& key) {
  std::vector<std::string> found;
  for (const Condition& condition : key.conditions) found.emplace_back(condition.statement);
  return found;
}

KeyDescription describe(const Key& key, Program program) {
  return {.section = std::string(key.section),
          .key = std::string(key.name),
          .type = type_text(key.value),
          .range = range_text(key.value),
          .default_value = format_value(key.value, default_config(program)),
          .meaning = std::string(key.meaning),
          .applies = statements(key)};
}

/// The comment above a key of the annotated input.
std::string comment_for(const KeyDescription& key) {
  std::string text = fmt::format("# {}\n# {}", key.meaning, key.type);
  if (!key.range.empty()) text += ", " + key.range;
  const bool no_default = key.default_value == "\"\"" || key.default_value == "[]";
  text += no_default ? "; no default\n" : fmt::format("; default {}\n", key.default_value);
  for (const std::string& statement : key.applies) text += fmt::format("# ({})\n", statement);
  return text;
}

}  // namespace

std::string to_toml(const RunConfig& config) {
  std::string text;
  std::string_view section;
  for (const Key& key : key_table(config.program)) {
    if (key.section != section) {
      text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", key.section);
      section = key.section;
    }
    // A key that does not apply may not be given.
    if (!key.applies(config) || is_none(key, config)) continue;
    text += fmt::format("{} = {}\n", key.name, format_value(key.value, config));
  }
  return text;
}

std::vector<KeyDescription> list_keys(Program program) {
  std::vector<KeyDescription> keys;
  for (const Key& key : key_table(program)) keys.push_back(describe(key, program));
  return keys;
}

std::string annotated_toml(Program program) {
  const bool infers = program == Program::infer;
  RunConfig example = default_config(program);
  if (infers) {
    example.simulator.kind = "gaussian_location";
    example.data.truth = {1.0, -1.0};
  } else {
    example.data.density = "two_moons";
  }
  std::string text = fmt::format(
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# Every key of {}: meaning, type, range and default. All values here are the defaults, except for "
      "{};\n"
      "# keys that do not apply beside those are commented out.\n",
      infers ? "`ebmpi infer`" : "a run", infers ? "data.truth and simulator.kind" : "data.density");
  std::string_view section;
  for (const Key& key : key_table(program)) {
    if (key.section != section) text += fmt::format("\n[{}]\n", key.section);
    if (key.section == section) text += "\n";
    section = key.section;
    const bool commented_out = !key.applies(example) || is_none(key, example);
    text += comment_for(describe(key, program));
    text += fmt::format("{}{} = {}\n", commented_out ? "#" : "", key.name, format_value(key.value, example));
  }
  return text;
}

}  // namespace ebmpi::config
