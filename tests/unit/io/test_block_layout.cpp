// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

#include "io/block_layout.hpp"

using namespace ebmpi;

namespace {

using Extents = std::vector<std::int64_t>;

/// How often each element, and each chunk, is in a piece; and the largest piece.
struct Visits {
  std::vector<int> elements;
  std::vector<int> chunks;
  std::int64_t largest = 0;
};

Visits visits_of(const Extents& shape, const Extents& chunk, std::int64_t most) {
  Extents chunks_along;
  for (std::size_t i = 0; i < shape.size(); ++i) chunks_along.push_back((shape[i] + chunk[i] - 1) / chunk[i]);
  Visits visits;
  visits.elements.resize(static_cast<std::size_t>(shape[0] * shape[1] * shape[2]));
  visits.chunks.resize(static_cast<std::size_t>(io::chunk_count(shape, chunk)));
  io::visit_pieces(shape, chunk, most, [&](const Extents& start, const Extents& count) {
    visits.largest = std::max(visits.largest, count[0] * count[1] * count[2]);
    std::vector<bool> touched(visits.chunks.size(), false);
    for (std::int64_t i = start[0]; i < start[0] + count[0]; ++i)
      for (std::int64_t j = start[1]; j < start[1] + count[1]; ++j)
        for (std::int64_t k = start[2]; k < start[2] + count[2]; ++k) {
          ++visits.elements.at(static_cast<std::size_t>((i * shape[1] + j) * shape[2] + k));
          touched.at(static_cast<std::size_t>(
              ((i / chunk[0]) * chunks_along[1] + j / chunk[1]) * chunks_along[2] + k / chunk[2])) = true;
        }
    for (std::size_t i = 0; i < touched.size(); ++i) visits.chunks[i] += touched[i] ? 1 : 0;
  });
  return visits;
}

}  // namespace

TEST_CASE("chunks are blocks, cut along their leading dimensions to a MiB", "[io]") {
  CHECK(io::chunk_extents({4, 1000, 2}, {4, 100, 2}, 8) == Extents{4, 100, 2});
  CHECK(io::chunk_extents({4, 1000}, {4, 5000}, 8) == Extents{4, 1000});  // no larger than the whole
  // 131072 doubles are a MiB: 13 draws of 10000, so 100 draws are cut into 8 parts.
  CHECK(io::chunk_extents({4, 1000, 10000}, {4, 100, 10000}, 8) == Extents{1, 13, 10000});
  CHECK(io::chunk_extents({1 << 20, 64, 32}, {1 << 20, 1, 32}, 4) == Extents{8192, 1, 32});
  CHECK(io::chunk_extents({5, 200000}, {5, 200000}, 8) == Extents{1, 100000});
  CHECK(io::chunk_extents({5, 0}, {5, 1}, 8).empty());
  CHECK(io::chunk_count({4, 1000, 2}, {4, 100, 2}) == 10);
  CHECK(io::chunk_count({5, 7}, {2, 3}) == 9);
  CHECK(io::chunk_count({5, 0}, {}) == 0);
}

TEST_CASE("pieces hold each element once, each chunk in one of them, and no more than is allowed", "[io]") {
  for (const Extents& shape : {Extents{3, 11, 4}, Extents{1, 1, 1}, Extents{7, 2, 5}, Extents{2, 64, 3}}) {
    for (const Extents& chunk : {Extents{1, 1, 1}, Extents{2, 3, 4}, Extents{1, 5, 2}, Extents{9, 1, 5}}) {
      for (const std::int64_t most : {1, 7, 40, 1000}) {
        const Visits visits = visits_of(shape, chunk, most);
        for (const int times : visits.elements) CHECK(times == 1);
        for (const int times : visits.chunks) CHECK(times == 1);
        CHECK(visits.largest <= std::max(most, chunk[0] * chunk[1] * chunk[2]));
      }
    }
  }
}

TEST_CASE("a scalar is one piece, and what has no elements none", "[io]") {
  int pieces = 0;
  io::visit_pieces({}, {}, 10, [&](const Extents& start, const Extents& count) {
    CHECK(start.empty());
    CHECK(count.empty());
    ++pieces;
  });
  CHECK(pieces == 1);
  io::visit_pieces({3, 0}, {1, 1}, 10, [&](const Extents&, const Extents&) { ++pieces; });
  CHECK(pieces == 1);
}

TEST_CASE("blocks inside a shape", "[io]") {
  CHECK(io::is_inside({3, 4}, {0, 0}, {3, 4}));
  CHECK(io::is_inside({3, 4}, {3, 1}, {0, 2}));
  CHECK_FALSE(io::is_inside({3, 4}, {1, 0}, {3, 4}));
  CHECK_FALSE(io::is_inside({3, 4}, {-1, 0}, {1, 1}));
  CHECK_FALSE(io::is_inside({3, 4}, {0, 0}, {1, -1}));
  CHECK_FALSE(io::is_inside({3, 4}, {0}, {1}));
}
