// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace ebmpi::config {

/// Least number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the
/// other (optimal string alignment; Damerau 1964, 10.1145/363958.363994).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, if it is near enough to be a likely misspelling (a third of the letters,
/// at least 2).
std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string_view> candidates);

}  // namespace ebmpi::config
