// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// A few thousand points at most under a model, on every rank.
struct EvaluatedPoints {
  std::vector<double> exponents;  ///< (N), -E/T; of a score network 0
  std::vector<double> scores;     ///< (N, K), ∇ log p, in model space
};

/// Collective. `z` (N, K) in model space, the same on every rank; the ranks share the work.
template <class Scalar>
EvaluatedPoints evaluate_points(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                                std::span<const double> z);

}  // namespace ebmpi::evaluation
