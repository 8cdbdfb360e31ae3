// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ebmpi::config {

/// Where something was written: a line of the config file or an override.
struct Place {
  std::int64_t line = 0;  ///< orders the problems; 0: the file as a whole
  std::string text;       ///< `run.toml:12`, `--set run.steps=0`

  static Place in_file(const std::string& file_name) { return {0, file_name}; }
  static Place on_line(const std::string& file_name, std::int64_t line);
  static Place in_override(const std::string& argument);
};

/// Collects everything that is wrong with a config, so that the user sees it all at once.
class Problems {
public:
  void add(const Place& place, const std::string& text);

  /// Throws core::InputError with one line for each problem, those of the file first and ordered by line; at
  /// most 30.
  void throw_if_any() const;

private:
  struct Problem {
    std::int64_t line;
    std::string text;
  };
  std::vector<Problem> problems_;
};

}  // namespace ebmpi::config
