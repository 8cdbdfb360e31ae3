// SPDX-License-Identifier: Apache-2.0
#include "core/tile_outer.hpp"
#include "core/tile_product.hpp"

namespace ebmpi::core {

EBMPI_TILE_PRODUCT(EBMPI_TILE_HERE, float)
EBMPI_TILE_PRODUCT(EBMPI_TILE_HERE, double)
EBMPI_TILE_OUTER(EBMPI_TILE_HERE, float)
EBMPI_TILE_OUTER(EBMPI_TILE_HERE, double)

}  // namespace ebmpi::core
