// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "comm/communicator.hpp"
#include "evaluation/truth.hpp"
#include "training/model.hpp"

namespace ebmpi::cli {

/// Evenly spaced rows of the data under the model, the same on every rank.
struct JudgedRows {
  std::vector<double> x;          ///< (N, D), data units
  std::vector<double> z;          ///< (N, K), model space
  std::vector<double> exponents;  ///< (N), -E/T
  std::vector<double> scores;     ///< (N, K), ∇ log p in model space
};

template <class Scalar>
JudgedRows judge_rows(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                      std::vector<double> x);

/// Units that distances are measured in.
enum class Units {
  data,         ///< those of the file
  standardized  ///< the columns less their mean, over their deviation, as the model's transformation has them
};

/// Collective. Between the rows and samples of the model (M, D) in data units, and of the rows to the model
/// itself; the former only where there are samples.
template <class Scalar>
Json measure_distances(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                       const JudgedRows& rows, const std::vector<double>& samples, Units units,
                       std::uint64_t seed);

/// Collective. Between the model and the density that the rows were drawn from. `log_z` in data units; NaN
/// where it is not known, which leaves the scores.
template <class Scalar>
Json compare_with_truth(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                        const evaluation::Truth& truth, const JudgedRows& rows, double log_z);

}  // namespace ebmpi::cli
