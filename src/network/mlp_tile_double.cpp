// SPDX-License-Identifier: Apache-2.0
#include "network/mlp_tile.hpp"

namespace ebmpi::network {

EBMPI_MLP_TILES(EBMPI_TILE_HERE, double)

}  // namespace ebmpi::network
