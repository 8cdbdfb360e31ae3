// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/tile_rows.hpp"
#include "io/dataset_reader.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// The rows that belong to this rank where `total` rows are shared by all.
comm::IndexRange own_rows(const comm::Communicator& communicator, std::int64_t total);

/// Throws core::InputError where the rows have another dimension than the data of the model.
template <class Scalar>
void check_dimension(const training::Model<Scalar>& model, const io::DatasetReader& reader);

/// What NaN in a row means: a fault, or that the number is not known.
enum class NotANumber { refused, unknown };

/// Rows [first, first + values.size() / D) of a data set, row-major (B, D); there may be none.
using UsePiece = std::function<void(std::int64_t first, std::span<double> values)>;

/// Collective. Hands this rank's rows of `reader` to `use` in pieces that take bounded memory, whatever the
/// number of rows. `use` must not communicate; where it throws on one rank, all throw. Throws
/// core::InputError on every rank where a number is infinite or, unless that means something, NaN.
void for_each_piece(const comm::Communicator& communicator, const io::DatasetReader& reader, NotANumber nan,
                    const UsePiece& use);

/// Row-major `values` (B, K), on the device.
template <class Scalar>
core::Rows<Scalar> to_device_rows(std::span<const double> values, std::int64_t rows, const char* label);

/// Global numbers first, first + 1, … (rows), on the device.
Kokkos::View<const std::int64_t*, core::MemorySpace> consecutive_numbers(std::int64_t first,
                                                                         std::int64_t rows);

/// Collective. The mean over the rows of all ranks, of which this one has `own`, in rank order; the same bits
/// on every rank and on any number of ranks. NaN where there are none.
double mean_of_all(const comm::Communicator& communicator, std::span<const double> own);

}  // namespace ebmpi::evaluation
