// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ebmpi::core {

/// What the kernels lose because they were built for less than this processor has, in words, and the way out;
/// empty where they lose nothing. Kernels of a GPU do not depend on the processor.
std::string lost_speed();

}  // namespace ebmpi::core
