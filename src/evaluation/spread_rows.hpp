// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "io/dataset_reader.hpp"

namespace ebmpi::evaluation {

/// `most` evenly spaced ones of the numbers 0 … count - 1, or all where there are no more.
std::vector<std::size_t> spread_numbers(std::int64_t count, std::int64_t most);

/// Collective. Evenly spaced rows of a data set, (min(N, most), D) row-major, the same on every rank; each
/// reads a part of them. Throws core::InputError where a number is NaN or infinite.
std::vector<double> read_spread_rows(const comm::Communicator& communicator, const io::DatasetReader& reader,
                                     std::int64_t most);

}  // namespace ebmpi::evaluation
