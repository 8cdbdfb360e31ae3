// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ebmpi::config {

/// Seconds in a length of time: a plain number (seconds), units in falling order (`3h50m`, `90s`, `1d2h`,
/// `1.5h`), `HH:MM:SS`, or Slurm's `D-HH:MM:SS`. Throws core::InputError for anything else.
double parse_duration(std::string_view text);

}  // namespace ebmpi::config
