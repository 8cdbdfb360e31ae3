// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"

namespace ebmpi::training {

/// What a run takes, by count rather than by measurement.
struct Cost {
  std::int64_t parameters = 0;
  std::int64_t training_rows = 0;
  std::int64_t rows_in_memory = 0;  ///< over all ranks: of training, and where those are streamed, held out
  std::int64_t shards = 0;
  int ranks = 1;
  double bytes_per_rank =
      0;  ///< data, chains, parameters, optimizer and sums of the rank that holds the most
  double flops_per_step = 0;  ///< over all ranks; a multiply-add counts 2
  double flops = 0;           ///< of the whole run
};

/// Of a run on samples with `dimension` coordinates. In units of W, the weights of all matrices: a Langevin
/// step, a leapfrog or a random walk's proposal of one chain 4W, and for each data row the work of the
/// objective; where a flow and an energy take turns, the mean of both.
template <class Scalar>
Cost cost_of_step(const config::RunConfig& config, int dimension, const comm::ShardMap& shards,
                  std::int64_t training_rows, int ranks);

/// Collective. Throws core::InputError where a rank is refused that much memory in one piece: better than to
/// fail half-way.
void require_memory(const comm::Communicator& communicator, const Cost& cost);

/// The lines that `train --check` prints.
std::string describe(const Cost& cost);

}  // namespace ebmpi::training
