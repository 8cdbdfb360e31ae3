// SPDX-License-Identifier: Apache-2.0
#include "data/window_order.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

using namespace ebmpi;

namespace {

core::PhiloxKey key_of(std::uint64_t seed) {
  return core::stream_key(seed, core::Purpose::page_order);
}

/// The training rows of a window, in the order of the file.
std::vector<std::int64_t> rows_of(const data::WindowOrder& order, std::int64_t window,
                                  const data::ValidationSplit& held_out) {
  std::vector<std::int64_t> rows;
  for (const comm::IndexRange& page : order.pages(window)) {
    for (std::int64_t row = page.first; row < page.last; ++row) {
      if (!held_out(row)) rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("Pages have the size that is good for the disk, and windows room for hundreds of them", "[data]") {
  // 3.2 million rows of 256 bytes over 64 shards: two windows of 25000 rows each.
  const data::Paging usual = data::make_paging(3'200'000, 64, 256, 1);
  CHECK(usual.page_rows == 1024);  // 256 KiB
  CHECK(usual.pages_in_window == 24);
  const data::Paging one_shard =
      data::make_paging(10'000, 1, 256, 1);  // smaller pages, so that there are 256
  CHECK(one_shard.page_rows == 5000 / 256);
  CHECK(one_shard.pages_in_window >= 256);
  CHECK(data::make_paging(3'200'000, 64, 256, 300).page_rows == 900);       // whole chunks, rounded down
  CHECK(data::make_paging(3'200'000, 64, 256, 4000).page_rows == 4000);     // or a larger one
  CHECK(data::make_paging(3'200'000, 64, 256, 90'000).page_rows == 25000);  // as far as a window reaches
  CHECK(data::make_paging(3'200'000, 64, 1'000'000, 1).page_rows == 1);
  for (const std::int64_t window : {2, 5, 100, 12345}) {
    for (const std::int64_t shards : {1, 2, 7}) {
      for (const std::int64_t chunk : {1, 3, 1000}) {
        const data::Paging paging = data::make_paging(window, shards, 24, chunk);
        CHECK(paging.page_rows >= 1);
        CHECK(paging.pages_in_window >= 1);
        CHECK(2 * shards * paging.window_rows() <= std::max(window, 2 * shards));
      }
    }
  }
}

TEST_CASE("Every epoch of windows has every training row of a shard once", "[data]") {
  constexpr std::int64_t epochs = 3;
  for (const double fraction : {0.0, 0.2, 0.9}) {  // with 0.9 some windows of few rows have none for training
    const data::ValidationSplit held_out(5, fraction);
    for (const data::Paging paging : {data::Paging{7, 3}, {1, 1}, {1, 4}, {1000, 1}, {10, 1000}}) {
      const comm::IndexRange shard_rows{33, 231};
      data::WindowOrder order(key_of(1), 2, shard_rows, paging, held_out);
      std::multiset<std::int64_t> own;
      for (std::int64_t row = shard_rows.first; row < shard_rows.last; ++row) {
        if (!held_out(row)) own.insert(row);
      }
      REQUIRE(order.training_rows() == std::ssize(own));
      std::int64_t window = -1;
      std::set<std::vector<std::int64_t>> orders;
      for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
        std::multiset<std::int64_t> seen;
        std::vector<std::int64_t> sequence;
        for (std::int64_t draw = epoch * std::ssize(own); draw < (epoch + 1) * std::ssize(own);) {
          const data::WindowOrder::Place place = order.place_of(draw);
          const std::vector<std::int64_t> rows = rows_of(order, place.window, held_out);
          CHECK(place.position == 0);
          CHECK(place.size == std::ssize(rows));
          CHECK(place.size <= paging.window_rows());
          CHECK(order.next(window) == place.window);
          window = place.window;
          for (std::int64_t i = 0; i < place.size; ++i, ++draw) {
            const data::WindowOrder::Place inside = order.place_of(draw);
            CHECK((inside.window == window && inside.position == i && inside.size == place.size));
          }
          seen.insert(rows.begin(), rows.end());
          sequence.insert(sequence.end(), rows.begin(), rows.end());
        }
        CHECK(seen == own);
        orders.insert(sequence);
      }
      if (paging.page_rows < 100 && paging.pages_in_window < 100) CHECK(orders.size() == epochs);
    }
  }
}

TEST_CASE("The windows of a shard do not depend on what was asked before", "[data]") {
  const data::ValidationSplit held_out(5, 0.1);
  const data::Paging paging{5, 4};
  data::WindowOrder forward(key_of(1), 0, {0, 400}, paging, held_out),
      backward(key_of(1), 0, {0, 400}, paging, held_out),
      other_seed(key_of(2), 0, {0, 400}, paging, held_out);
  std::int64_t equal = 0;
  for (std::int64_t draw = 2000; draw > 0; draw -= 37) {
    const auto far = backward.place_of(draw);
    const auto near = forward.place_of(2000 - draw);
    const auto again = backward.place_of(2000 - draw);
    CHECK((near.window == again.window && near.position == again.position && near.size == again.size));
    equal += rows_of(backward, far.window, held_out) == rows_of(other_seed, far.window, held_out) ? 1 : 0;
  }
  CHECK(equal <= 1);
}
