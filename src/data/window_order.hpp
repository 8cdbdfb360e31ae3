// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "comm/shards.hpp"
#include "core/random.hpp"
#include "data/validation_split.hpp"

namespace ebmpi::data {

/// How the rows of a file are cut where they do not all fit in memory: in pages, which lie in one piece in
/// the file, and windows, which are several pages of a shard from anywhere in its part.
struct Paging {
  std::int64_t page_rows = 1;
  std::int64_t pages_in_window = 1;

  std::int64_t window_rows() const { return page_rows * pages_in_window; }  ///< at most, of one shard
};

/// The paging with which the two windows that each shard holds, that in use and the next, have `window` rows
/// over all shards at most, where that leaves a row for each. `row_bytes` and `chunk_rows` are those of the
/// file: a page is about 256 KiB or a whole number of chunks, but so small that there are hundreds of pages
/// in the windows of all shards, and so any batch has rows from all over the file. A function of the config
/// and the file.
Paging make_paging(std::int64_t window, std::int64_t shards, std::int64_t row_bytes, std::int64_t chunk_rows);

/// The order in which one shard goes through its training rows when they are streamed: every epoch its pages
/// in a new pseudo-random order, cut into windows, and the rows within a window in a pseudo-random order.
/// Windows are numbered through all epochs. A pure function of (seed, shard, paging, split).
class WindowOrder {
public:
  /// `rows` are the shard's in the file, at least one of them not held out.
  WindowOrder(core::PhiloxKey key, std::int64_t shard, comm::IndexRange rows, const Paging& paging,
              const ValidationSplit& held_out);

  /// Where a draw of the shard finds its row.
  struct Place {
    std::int64_t window = 0;
    std::int64_t position = 0;  ///< among the draws from this window
    std::int64_t size = 0;      ///< draws from this window, one for each of its training rows
  };
  /// Place of draw number `draw` (from 0) over all epochs. Fast for draws that follow one another.
  Place place_of(std::int64_t draw);

  std::int64_t training_rows() const { return training_rows_; }  ///< of the shard
  /// The first window after `window` that has a training row.
  std::int64_t next(std::int64_t window) const;
  /// The pages of a window as rows of the file, in the order of the file.
  std::vector<comm::IndexRange> pages(std::int64_t window) const;

private:
  std::int64_t pages_in_shard() const { return static_cast<std::int64_t>(page_sizes_.size()); }
  /// Training rows in a window; 0 where all of its rows are held out: no place lies in it.
  std::int64_t size(std::int64_t window) const;
  /// Calls `visit(page)` for the pages of a window in their pseudo-random order.
  template <class Visit>
  void for_each_page(std::int64_t window, const Visit& visit) const;
  void enter_epoch(std::int64_t epoch);

  core::PhiloxKey key_;
  std::int64_t shard_;
  comm::IndexRange rows_;
  Paging paging_;
  std::int64_t first_page_;               // of the file
  std::vector<std::int32_t> page_sizes_;  // training rows in each page
  std::int64_t windows_;                  // in an epoch
  std::int64_t training_rows_ = 0;
  std::int64_t epoch_ = -1;                // that of window_ends_
  std::vector<std::int64_t> window_ends_;  // draws of the epoch up to the end of each window
};

}  // namespace ebmpi::data
