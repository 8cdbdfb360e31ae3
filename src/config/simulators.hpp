// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace ebmpi::config {

/// Every simulator that simulation/simulator.hpp makes.
std::span<const std::string_view> simulator_names();

}  // namespace ebmpi::config
