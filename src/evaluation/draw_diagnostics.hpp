// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "io/file_writer.hpp"
#include "statistics/chain_diagnostics.hpp"

namespace ebmpi::evaluation {

/// What the draws of a file say about how well the chains have mixed.
struct DrawDiagnostics {
  std::int64_t chains = 0;                                ///< looked at: the first so many
  std::vector<statistics::ChainDiagnostics> coordinates;  ///< (D)
  std::vector<statistics::ChainDiagnostics> energy;       ///< one, or none where there are no energies
};

/// Draws per chain that diagnostics need.
inline constexpr std::int64_t fewest_diagnosed_draws = 4;

/// Collective. Reads the draws of a file that is being written (DrawWriter) back, some coordinates at a time,
/// shared by the ranks. So that memory stays bounded, no more chains are looked at than make 2^22 draws of a
/// coordinate, but four at least.
template <class Scalar>
DrawDiagnostics diagnose_draws(const comm::Communicator& communicator, io::FileWriter& file,
                               std::int64_t chains, std::int64_t draws, std::int64_t dimension,
                               bool energies);

}  // namespace ebmpi::evaluation
