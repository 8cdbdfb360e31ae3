// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/shards.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "training/negatives.hpp"

namespace ebmpi::training {

/// Writes the group /chains of a checkpoint: all of the negatives that outlives a step. Collective.
template <class Scalar>
void write_chains(io::FileWriter& file, const comm::ShardMap& shards, const Negatives<Scalar>& negatives);

/// Reads it back. Collective. Throws core::FileError where something of it is missing or has another shape.
template <class Scalar>
void read_chains(const io::FileReader& file, const comm::ShardMap& shards, Negatives<Scalar>& negatives);

}  // namespace ebmpi::training
