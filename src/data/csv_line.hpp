// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ebmpi::data {

/// The character of ',', ';' and tab that stands most often outside quotes; a comma where there is none.
char detect_delimiter(std::string_view line);

/// Cuts a line at the delimiters that are not inside quotes, drops blanks around each field and then its
/// quotes, a doubled quote inside being one (RFC 4180). Reuses the strings of `fields`. Returns whether every
/// quote was closed.
bool split_line(std::string_view line, char delimiter, std::vector<std::string>& fields);

}  // namespace ebmpi::data
