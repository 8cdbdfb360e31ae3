// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// The resolved config: every key that applies, with the shortest numbers that read back exactly. Parsing it
/// gives an equal RunConfig for every config that parse_config returned.
std::string to_toml(const RunConfig& config);

/// What a user may know of a key.
struct KeyDescription {
  std::string section;
  std::string key;
  std::string type;           ///< "whole number", "number", …
  std::string range;          ///< ">= 1", the accepted names, …; empty: any value of the type
  std::string default_value;  ///< as TOML
  std::string meaning;
  std::vector<std::string> applies;  ///< "applies only with …", all of which must hold; empty: always
};

/// Every key that the parser knows in a program's configs, in the order of the annotated input.
std::vector<KeyDescription> list_keys(Program program = Program::train);

/// An input that names every key with meaning, type, range and default (jobs/annotated.toml, of
/// infer jobs/annotated_infer.toml). Keys that do not apply to the defaults are commented out as `#key =
/// value`. It runs as it stands, on the density two_moons, or the simulator gaussian_location.
std::string annotated_toml(Program program = Program::train);

}  // namespace ebmpi::config
