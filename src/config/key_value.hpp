// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/key_table.hpp"

namespace ebmpi::config {

/// `text` as a TOML basic string, quotes included.
std::string toml_quoted(std::string_view text);

/// The shortest TOML floating-point number that reads back as `value`.
std::string toml_number(double value);

/// The value that a config has for a key, as TOML.
std::string format_value(const Value& value, const RunConfig& config);

/// "whole number", "number", "true or false", "string", "list of whole numbers", "list of numbers", "list of
/// strings"
std::string type_text(const Value& value);

/// ">= 1", "> 0 and <= 1", the accepted names, …; empty when every value of the type is accepted.
std::string range_text(const Value& value);

std::string range_text(IntegerRange range);
std::string range_text(NumberRange range);

/// `"a", "b", "c"`
std::string quoted_list(std::span<const std::string_view> names);

}  // namespace ebmpi::config
