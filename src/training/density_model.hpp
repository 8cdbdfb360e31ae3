// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "training/model.hpp"

namespace ebmpi::training {

/// A synthetic density that MODEL may name in place of a file.
struct DensityName {
  std::string name;
  std::int64_t dimension = 2;
  double noise = 0.1;
};

/// How a MODEL that is a density begins.
inline constexpr std::string_view density_prefix = "density:";

/// Reads "density:NAME[,dimension=D][,noise=S]". Throws core::InputError on anything else.
DensityName parse_density_name(const std::string& text);

/// E(x) = -log p(x), so that log Z = 0, in closed form; model space is data space. Throws core::InputError
/// where the density is unknown, or has no closed form: those around curves, checkerboard and pinwheel.
template <class Scalar>
Model<Scalar> density_model(const DensityName& name);

}  // namespace ebmpi::training
