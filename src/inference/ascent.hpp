// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/run_config.hpp"

namespace ebmpi::inference {

using config::AscentKind;

/// State of the ascent, part of a checkpoint: Adam's moments (d).
struct AscentMoments {
  std::vector<double> first, second;
};

struct AscentSettings {
  AscentKind kind = AscentKind::natural;
  double learning_rate = 0.5;
  double decay = 0.01;

  /// learning_rate / (1 + decay · step)
  double rate(std::int64_t step) const { return learning_rate / (1.0 + decay * static_cast<double>(step)); }
};

/// The move Δv (d) of step `step` = 0, 1, …, in units of the width, at most 1 in each coordinate.
///
/// Natural: rate · J⁻¹ s, s the mean score at the observations and J = E[S Sᵀ], both in units of the width.
/// For a Gaussian with a linear mean that is Newton's step whatever the width (README.md). Eigenvalues of J
/// below 1/√n, which n simulations cannot tell from 0, are taken to be that.
///
/// Adam (Kingma and Ba 2015, arXiv 1412.6980): β₁ = 0.9, β₂ = 0.99, ε = 1e-8.
std::vector<double> ascent_move(const AscentSettings& settings, std::int64_t step, std::int64_t simulations,
                                std::span<const double> score, std::span<const double> information,
                                AscentMoments& moments);

}  // namespace ebmpi::inference
