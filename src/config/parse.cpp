// SPDX-License-Identifier: Apache-2.0
#include "config/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <toml++/toml.hpp>
#include <vector>

#include "config/cross_checks.hpp"
#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "config/key_table.hpp"
#include "config/problems.hpp"
#include "config/read_value.hpp"
#include "config/spelling.hpp"

namespace ebmpi::config {

namespace {

enum class Syntax { valid, broken };

std::string did_you_mean(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return fmt::format(" (did you mean '{}'?)", fmt::join(names, "' or '"));
}

std::vector<std::string> nearest_keys_in_section(std::string_view section, std::string_view name,
                                                 Program program) {
  std::vector<std::string_view> candidates;
  for (const Key& key : key_table(program)) {
    if (key.section == section) candidates.push_back(key.name);
  }
  const auto nearest = nearest_name(name, candidates);
  return nearest ? std::vector<std::string>{std::string(*nearest)} : std::vector<std::string>{};
}

/// A key of the same name in other sections; failing that, the nearest name in the same section; failing
/// that, the nearest full name.
std::vector<std::string> suggestions(std::string_view section, std::string_view name, Program program) {
  std::vector<std::string> found;
  std::vector<std::string> dotted;
  for (const Key& key : key_table(program)) {
    dotted.push_back(key.dotted());
    if (key.name == name) found.push_back(dotted.back());
  }
  if (found.empty()) found = nearest_keys_in_section(section, name, program);
  if (found.empty()) {
    const std::vector<std::string_view> candidates(dotted.begin(), dotted.end());
    const auto nearest = nearest_name(fmt::format("{}.{}", section, name), candidates);
    if (nearest) found.emplace_back(*nearest);
  }
  return found;
}

Program other_program(Program program) {
  return program == Program::train ? Program::infer : Program::train;
}

/// What is said of a key, or a section, that only the other program has.
std::string belongs_elsewhere(std::string_view what, std::string_view name, Program program) {
  return fmt::format("{} '{}' is one of `ebmpi {}` (this config is read by `ebmpi {}`); remove it", what,
                     name, to_string(other_program(program)), to_string(program));
}

std::string trimmed(std::string_view text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  const auto first = std::ranges::find_if_not(text, is_space);
  const auto last = std::find_if_not(text.rbegin(), std::make_reverse_iterator(first), is_space).base();
  return std::string(first, last);
}

/// Defaults that depend on other keys. Contrastive divergence needs its energies held near 0, or its chains
/// run away with them; the other objectives have no chains, and the term would only move their optimum.
void resolve_defaults(RunConfig& config, const GivenKeys& given) {
  if (config.program == Program::infer) {
    const bool has_rate = given.places.contains(&key_named("inference.learning_rate", config.program));
    if (!has_rate && config.inference.ascent == AscentKind::adam) config.inference.learning_rate = 0.1;
    return;
  }
  const bool regularized = given.places.contains(&key_named("objective.energy_regularization"));
  if (!regularized && !is_contrastive_divergence(config)) config.objective.energy_regularization = 0.0;
}

class Parser {
public:
  Parser(const std::string& file_name, Program program)
      : file_name_(file_name), config_(default_config(program)) {}

  RunConfig parse(std::string_view toml_text, std::span<const std::string> overrides) {
    const Syntax syntax = read_text(toml_text);
    for (const std::string& argument : overrides) read_override(argument);
    resolve_defaults(config_, given_);
    if (syntax == Syntax::valid) check_contradictions(config_, file_name_, given_, problems_);
    problems_.throw_if_any();
    return config_;
  }

private:
  Program program() const { return config_.program; }
  Syntax read_text(std::string_view toml_text);
  void read_section(const toml::key& name, const toml::node& node);
  void read_override(const std::string& argument);
  std::string unknown_key(std::string_view section, std::string_view name) const;
  void read_key(const Key& key, const toml::node& node, const Place& place);

  Place place_of(const toml::source_region& source) const {
    return Place::on_line(file_name_, source.begin.line);
  }

  std::string file_name_;
  RunConfig config_;
  GivenKeys given_;
  Problems problems_;
};

Syntax Parser::read_text(std::string_view toml_text) {
  try {
    const toml::table root = toml::parse(toml_text, file_name_);
    for (const auto& [name, node] : root) read_section(name, node);
    return Syntax::valid;
  } catch (const toml::parse_error& error) {
    const toml::source_position& at = error.source().begin;
    problems_.add({at.line, fmt::format("{}:{}:{}", file_name_, at.line, at.column)},
                  fmt::format("TOML syntax: {}", error.description()));
    return Syntax::broken;
  }
}

bool has_section(Program program, std::string_view name) {
  return std::ranges::find(section_names(program), name) != section_names(program).end();
}

void Parser::read_section(const toml::key& name, const toml::node& node) {
  const bool known = has_section(program(), name.str());
  const Place place = place_of(name.source());
  if (!known && node.is_table() && has_section(other_program(program()), name.str())) {
    problems_.add(place, belongs_elsewhere("section", name.str(), program()));
  } else if (!known && !node.is_table()) {
    problems_.add(place, fmt::format("unknown key '{}' outside every section{}", name.str(),
                                     did_you_mean(suggestions("", name.str(), program()))));
  } else if (!known) {
    const auto nearest = nearest_name(name.str(), section_names(program()));
    problems_.add(place, nearest
                             ? fmt::format("unknown section '{}' (did you mean '{}'?)", name.str(), *nearest)
                             : fmt::format("unknown section '{}' (the sections are {})", name.str(),
                                           fmt::join(section_names(program()), ", ")));
  } else if (!node.is_table()) {
    problems_.add(place, fmt::format("'{0}' is {1}, not a section; write [{0}] once, with its keys below",
                                     name.str(), describe_type(node)));
  } else {
    for (const auto& [key_name, value] : *node.as_table()) {
      const Place key_place = place_of(key_name.source());
      if (const Key* key = find_key(name.str(), key_name.str(), program())) {
        read_key(*key, value, key_place);
      } else {
        problems_.add(key_place, unknown_key(name.str(), key_name.str()));
      }
    }
  }
}

std::string Parser::unknown_key(std::string_view section, std::string_view name) const {
  const std::string dotted = section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
  if (find_key(section, name, other_program(program()))) return belongs_elsewhere("key", dotted, program());
  return fmt::format("unknown key '{}'{}", dotted, did_you_mean(suggestions(section, name, program())));
}

void Parser::read_key(const Key& key, const toml::node& node, const Place& place) {
  given_.places[&key] = place;
  if (const auto problem = read_value(key, node, config_)) {
    problems_.add(place, *problem);
    given_.unusable.insert(&key);
  } else {
    given_.unusable.erase(&key);
  }
}

/// A table whose only entry, `value`, is the text read as TOML, or as a string where it is not TOML or `key`
/// takes text.
toml::table read_override_value(const Key& key, const std::string& text) {
  const bool takes_text =
      std::holds_alternative<Text>(key.value) || std::holds_alternative<Choice>(key.value);
  toml::table as_string{{"value", text}};
  try {
    toml::table table = toml::parse("value = " + text);
    const bool usable = table.size() == 1 && (!takes_text || table.get("value")->is_string());
    return usable ? table : as_string;
  } catch (const toml::parse_error&) {
    return as_string;
  }
}

void Parser::read_override(const std::string& argument) {
  const Place place = Place::in_override(argument);
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) {
    problems_.add(place, "there is no '='; write --set section.key=value");
    return;
  }
  const std::string name = trimmed(argument.substr(0, equals));
  const std::size_t dot = name.find('.');
  const std::string section = dot == std::string::npos ? "" : name.substr(0, dot);
  const std::string key_name = dot == std::string::npos ? name : name.substr(dot + 1);
  const Key* key = find_key(section, key_name, program());
  if (!key) {
    problems_.add(place, unknown_key(section, key_name));
    return;
  }
  const toml::table value = read_override_value(*key, trimmed(argument.substr(equals + 1)));
  read_key(*key, *value.get("value"), place);
}

void resolve_paths(RunConfig& config, const std::string& file_name) {
  const std::filesystem::path file(file_name);
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  constexpr std::string_view placeholder = "{config}";
  std::string& command = config.simulator.command;
  for (std::size_t at = command.find(placeholder); at != std::string::npos;) {
    command.replace(at, placeholder.size(), folder.string());
    at = command.find(placeholder, at + folder.string().size());
  }
  for (std::string* const path : {&config.data.file, &config.objective.noise_flow}) {
    if (!path->empty()) *path = (folder / *path).lexically_normal().string();
  }
  if (config.run.output.empty()) {
    const std::string stem = file.stem().string();
    config.run.output = "runs/" + (stem.empty() ? "run" : stem);
  }
}

}  // namespace

RunConfig parse_config(std::string_view toml_text, const std::string& file_name,
                       std::span<const std::string> overrides, Program program) {
  RunConfig config = Parser(file_name, program).parse(toml_text, overrides);
  resolve_paths(config, file_name);
  return config;
}

Program program_of(std::string_view resolved_toml) {
  return resolved_toml.find("\n[simulator]\n") == std::string_view::npos ? Program::train : Program::infer;
}

}  // namespace ebmpi::config
