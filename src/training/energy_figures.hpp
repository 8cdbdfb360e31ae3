// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::training {

/// Some rows of a shard in this rank's memory.
struct ShardRows {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Means over rows of all ranks; NaN where there is no row.
struct EnergyFigures {
  double energy = 0;      ///< mean E
  double score_norm = 0;  ///< root of the mean ‖∇E‖²
};

/// Collective. Of an MlpEnergy or a FlowEnergy. `shard_rows` has one entry for each owned shard. The same
/// bits on any number of ranks.
template <class Energy>
EnergyFigures energy_figures(const comm::Communicator& communicator, const comm::ShardMap& shards,
                             const Energy& energy, const core::Rows<typename Energy::Scalar>& rows,
                             const std::vector<ShardRows>& shard_rows);

}  // namespace ebmpi::training
