// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/parse.hpp"
#include "core/error.hpp"

namespace ebmpi::config::test {

inline RunConfig parse(std::string_view text, const std::vector<std::string>& overrides = {}) {
  return parse_config(text, "run.toml", overrides);
}

/// The text of the error that the config raises; empty when it is accepted.
inline std::string error_of(std::string_view text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const core::InputError& error) {
    return error.what();
  }
  return "";
}

/// The same for lines added to a config that is right; the added lines start at line 3.
inline std::string error_with(std::string_view lines, const std::vector<std::string>& overrides = {}) {
  return error_of("[data]\ndensity = \"gaussian\"\n" + std::string(lines), overrides);
}

}  // namespace ebmpi::config::test
