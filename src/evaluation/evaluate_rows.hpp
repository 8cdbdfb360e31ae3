// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "io/dataset_reader.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// Whether ∇E is wanted beside E.
enum class Gradients { none, wanted };

/// Some neighbouring rows of a data set under a model.
template <class Scalar>
struct EvaluatedRows {
  std::int64_t first;                 ///< row number of the first in the data set
  std::span<const Scalar> energies;   ///< (B), E
  std::span<const double> gradients;  ///< (B, D), ∇E with respect to the data's coordinates; empty unless
                                      ///< wanted
};

/// The rows that belong to this rank where `total` rows are shared by all.
comm::IndexRange own_rows(const comm::Communicator& communicator, std::int64_t total);

/// Throws core::InputError where the rows have another dimension than the model's data.
template <class Scalar>
void check_dimension(const training::Model<Scalar>& model, const io::DatasetReader& reader);

/// Collective. Hands this rank's rows of `reader`, evaluated, to `use` in pieces that take bounded memory,
/// whatever the number of rows; a row's numbers do not depend on the pieces or on the ranks. Throws
/// core::InputError on every rank where the rows have another dimension than the model's data, a number is
/// NaN or infinite, or a row lies so far out that its energy is.
template <class Scalar>
void evaluate_rows(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                   const io::DatasetReader& reader, Gradients gradients,
                   const std::function<void(const EvaluatedRows<Scalar>&)>& use);

}  // namespace ebmpi::evaluation
