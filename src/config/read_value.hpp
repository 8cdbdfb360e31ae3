// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <toml++/toml.hpp>

#include "config/key_table.hpp"

namespace ebmpi::config {

/// Stores `node` in the field of `key`. Returns what is wrong with it (type, range, unknown name), in which
/// case the config is unchanged, or nothing.
std::optional<std::string> read_value(const Key& key, const toml::node& node, RunConfig& config);

/// "a string", "a whole number", …: what a user would call the TOML type.
std::string describe_type(const toml::node& node);

}  // namespace ebmpi::config
