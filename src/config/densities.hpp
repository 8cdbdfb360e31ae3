// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace ebmpi::config {

/// Names that `data.density` accepts.
std::span<const std::string_view> density_names();

/// Whether a density exists for every `data.dimension` >= 1; the others exist in two dimensions only.
bool density_has_any_dimension(std::string_view name);

}  // namespace ebmpi::config
