// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "io/dataset_reader.hpp"
#include "statistics/estimate.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// Collective. Mean of -E/T over all rows of a data set, in data units, with its standard error over the
/// rows: log Z below the mean log-likelihood. A rank keeps one number of each of its rows, which are added as
/// integers, so that no bit depends on the ranks. At least two rows.
/// Throws as evaluate_rows does.
template <class Scalar>
statistics::Estimate mean_exponent(const comm::Communicator& communicator,
                                   const training::Model<Scalar>& model, const io::DatasetReader& reader);

}  // namespace ebmpi::evaluation
