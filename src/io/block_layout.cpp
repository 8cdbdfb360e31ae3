// SPDX-License-Identifier: Apache-2.0
#include "io/block_layout.hpp"

#include <algorithm>

namespace ebmpi::io {

namespace {

constexpr std::int64_t aimed_chunk_bytes = std::int64_t{1} << 20;

bool has_no_elements(const std::vector<std::int64_t>& shape) {
  return std::find(shape.begin(), shape.end(), 0) != shape.end();
}

std::int64_t pieces_along(std::int64_t extent, std::int64_t piece) {
  return (extent + piece - 1) / piece;
}

/// `extents` made larger, last dimension first; a dimension that is not whole ends it, so that a piece is
/// close to what lies together.
std::vector<std::int64_t> grow(const std::vector<std::int64_t>& shape, std::vector<std::int64_t> extents,
                               std::int64_t most) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : extents) elements *= extent;
  for (std::size_t i = shape.size(); i-- > 0;) {
    const std::int64_t times =
        std::clamp<std::int64_t>(most / elements, 1, pieces_along(shape[i], extents[i]));
    extents[i] *= times;
    elements *= times;
    if (extents[i] < shape[i]) break;
  }
  return extents;
}

}  // namespace

std::vector<std::int64_t> chunk_extents(const std::vector<std::int64_t>& shape,
                                        const std::vector<std::int64_t>& block, std::int64_t element_bytes) {
  if (has_no_elements(shape)) return {};
  std::vector<std::int64_t> chunk(shape.size(), 1);
  std::int64_t room = aimed_chunk_bytes / element_bytes;  // elements
  for (std::size_t i = shape.size(); i-- > 0;) {
    const std::int64_t whole = std::clamp<std::int64_t>(block[i], 1, shape[i]);
    const std::int64_t cuts = pieces_along(whole, std::max<std::int64_t>(1, room));
    chunk[i] = pieces_along(whole, cuts);  // equal parts, so that the last chunk is not almost empty
    if (cuts > 1) break;
    room /= whole;
  }
  return chunk;
}

std::int64_t chunk_count(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& chunk) {
  if (chunk.empty()) return 0;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) count *= pieces_along(shape[i], chunk[i]);
  return count;
}

bool is_inside(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& start,
               const std::vector<std::int64_t>& count) {
  if (start.size() != shape.size() || count.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (start[i] < 0 || count[i] < 0 || start[i] > shape[i] - count[i]) return false;
  }
  return true;
}

void visit_pieces(
    const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& chunk, std::int64_t most,
    const std::function<void(const std::vector<std::int64_t>&, const std::vector<std::int64_t>&)>& visit) {
  if (has_no_elements(shape)) return;
  const std::vector<std::int64_t> extents = grow(shape, chunk, most);
  std::vector<std::int64_t> start(shape.size(), 0);
  std::vector<std::int64_t> count(shape.size());
  while (true) {
    for (std::size_t i = 0; i < shape.size(); ++i) count[i] = std::min(extents[i], shape[i] - start[i]);
    visit(start, count);
    std::size_t i = shape.size();
    while (i > 0 && start[i - 1] + extents[i - 1] >= shape[i - 1]) start[--i] = 0;
    if (i == 0) return;
    start[i - 1] += extents[i - 1];
  }
}

}  // namespace ebmpi::io
