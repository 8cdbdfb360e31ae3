// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/tile_rows.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// x (rows, K), model space = where the chains with the global numbers `rows` start from noise: normal, with
/// the mean and standard deviation of the training data.
template <class Scalar>
void draw_starts(const training::Model<Scalar>& model, std::uint64_t seed, comm::IndexRange rows,
                 const core::Rows<Scalar>& x);

/// Collective. (rows, K), chain i from row i mod C of a data set (C, K) in model space: persistent chains of
/// a checkpoint, or chains to be continued. Throws core::FileError where the data set is of another shape.
template <class Scalar>
std::vector<Scalar> read_starts(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                                const std::string& file, const std::string& data_set, comm::IndexRange rows);

}  // namespace ebmpi::evaluation
