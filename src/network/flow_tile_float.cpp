// SPDX-License-Identifier: Apache-2.0
#include "network/flow_tile.hpp"

namespace ebmpi::network {

EBMPI_FLOW_TILES(EBMPI_TILE_HERE, float)

}  // namespace ebmpi::network
