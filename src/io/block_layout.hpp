// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace ebmpi::io {

/// Extents of the chunks of a data set of `shape` whose collective writes have extents `block` (as many
/// dimensions): as much of a block as about 1 MiB holds, cut along its leading dimensions only, at least one
/// element of each. A write then fills most chunks whole, which need not be read again to add to them. Empty
/// where an extent of `shape` is 0: such a data set has no chunks.
std::vector<std::int64_t> chunk_extents(const std::vector<std::int64_t>& shape,
                                        const std::vector<std::int64_t>& block, std::int64_t element_bytes);

/// How many chunks of extents `chunk` cover a data set of `shape`; 0 where `chunk` is empty.
std::int64_t chunk_count(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& chunk);

/// Whether the block of extents `count` from `start` on lies in `shape`, with as many dimensions.
bool is_inside(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& start,
               const std::vector<std::int64_t>& count);

/// Visits a data set of `shape` in pieces, each once: `visit(start, count)`. A piece is one of `chunk`, grown
/// along the last dimensions while it has at most `most` elements, so that no chunk is read twice; those at
/// the ends are cut off. A scalar, of empty shape, is one piece; without elements there is none. Where a data
/// set has no chunks, each extent of `chunk` is 1.
void visit_pieces(
    const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& chunk, std::int64_t most,
    const std::function<void(const std::vector<std::int64_t>&, const std::vector<std::int64_t>&)>& visit);

}  // namespace ebmpi::io
