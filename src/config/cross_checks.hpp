// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "config/key_table.hpp"
#include "config/problems.hpp"

namespace ebmpi::config {

/// Which keys were given, where, and which of those could not be read.
struct GivenKeys {
  std::map<const Key*, Place> places;
  std::set<const Key*> unusable;
};

/// Adds a problem for every contradiction between keys. A rule is left out when one of its keys could not be
/// read, since its default would then be judged instead of what the user meant.
void check_contradictions(const RunConfig& config, const std::string& file_name, const GivenKeys& given,
                          Problems& problems);

}  // namespace ebmpi::config
