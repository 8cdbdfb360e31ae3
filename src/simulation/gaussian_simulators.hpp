// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "simulation/simulator.hpp"

namespace ebmpi::simulation {

/// Simulators whose likelihood is known: the ground truth of tests. `noise` is a standard deviation.

/// x ~ N(θ, noise²·I), D = d = dimension.
std::unique_ptr<Simulator> gaussian_location(std::int64_t dimension, double noise);

/// x ~ N(0, θ·I), d = 1: the variance, D = dimension.
std::unique_ptr<Simulator> gaussian_scale(std::int64_t dimension);

/// x ~ N(A θ, noise²·I), D = d = dimension.
std::unique_ptr<Simulator> linear_gaussian(std::int64_t dimension, double noise);

/// A (D, D), row-major, of linear_gaussian: A_ij = (1 + j/D) √(2/(D+1)) sin(π (i+1)(j+1)/(D+1)), the
/// orthogonal sine transform with columns of lengths from 1 to below 2, so that its condition number is below
/// 2, and AᵀA = diag((1 + j/D)²).
std::vector<double> linear_gaussian_matrix(std::int64_t dimension);

/// With probability θ_1 x ~ N(θ_0·(1, …, 1), noise²·I), else N(0, noise²·I); d = 2, D = dimension.
std::unique_ptr<Simulator> gaussian_mixture(std::int64_t dimension, double noise);

}  // namespace ebmpi::simulation
