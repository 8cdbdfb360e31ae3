// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "config/run_config.hpp"
#include "network/mlp.hpp"
#include "objective/objective.hpp"

namespace ebmpi::training {

/// The objective that a config names, for a network of that shape.
template <class Scalar>
std::unique_ptr<objective::Objective<Scalar>> make_objective(const config::RunConfig& config,
                                                             const network::MlpShape& shape);

}  // namespace ebmpi::training
