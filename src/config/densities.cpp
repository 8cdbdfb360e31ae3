// SPDX-License-Identifier: Apache-2.0
#include "config/densities.hpp"

#include <algorithm>
#include <array>

namespace ebmpi::config {

namespace {

constexpr std::array<std::string_view, 14> names = {"two_moons",
                                                    "eight_gaussians",
                                                    "twenty_five_gaussians",
                                                    "rings",
                                                    "spirals",
                                                    "checkerboard",
                                                    "pinwheel",
                                                    "swiss_roll",
                                                    "gaussian",
                                                    "gaussian_mixture",
                                                    "double_well",
                                                    "left_moon",
                                                    "right_moon",
                                                    "funnel"};
constexpr std::array<std::string_view, 4> names_in_any_dimension = {"gaussian", "gaussian_mixture",
                                                                    "double_well", "funnel"};

}  // namespace

std::span<const std::string_view> density_names() {
  return names;
}

bool density_has_any_dimension(std::string_view name) {
  return std::ranges::find(names_in_any_dimension, name) != names_in_any_dimension.end();
}

}  // namespace ebmpi::config
