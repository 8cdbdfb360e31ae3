// SPDX-License-Identifier: Apache-2.0
#include "config/simulators.hpp"

#include <array>

namespace ebmpi::config {

std::span<const std::string_view> simulator_names() {
  static constexpr std::array<std::string_view, 10> names = {"gaussian_location",
                                                             "gaussian_scale",
                                                             "linear_gaussian",
                                                             "gaussian_mixture",
                                                             "sir",
                                                             "lotka_volterra",
                                                             "two_moons",
                                                             "mg1",
                                                             "g_and_k",
                                                             "external"};
  return names;
}

}  // namespace ebmpi::config
