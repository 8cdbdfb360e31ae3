// SPDX-License-Identifier: Apache-2.0
#include "data/window_order.hpp"

#include <algorithm>

#include "core/permutation.hpp"

namespace ebmpi::data {
namespace {

constexpr std::int64_t page_bytes = 256 * 1024;  // a disk that must seek for it spends half its time reading
constexpr std::int64_t least_pages = 256;        // in the windows of all shards together
constexpr std::int64_t least_pages_of_shard = 4;

std::int64_t quotient_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

}  // namespace

Paging make_paging(std::int64_t window, std::int64_t shards, std::int64_t row_bytes,
                   std::int64_t chunk_rows) {
  const std::int64_t most_rows = std::max<std::int64_t>(1, window / (2 * shards));  // of a shard's window
  const std::int64_t pages = std::max(least_pages_of_shard, quotient_up(least_pages, shards));
  const std::int64_t wanted =
      std::clamp<std::int64_t>(page_bytes / row_bytes, 1, std::max<std::int64_t>(1, most_rows / pages));
  // To read part of a chunk is to decompress all of it.
  const std::int64_t whole_chunks = std::max<std::int64_t>(1, wanted / chunk_rows) * chunk_rows;
  const std::int64_t page_rows = std::min(whole_chunks, most_rows);
  return {page_rows, most_rows / page_rows};
}

WindowOrder::WindowOrder(core::PhiloxKey key, std::int64_t shard, comm::IndexRange rows, const Paging& paging,
                         const ValidationSplit& held_out)
    : key_(key),
      shard_(shard),
      rows_(rows),
      paging_(paging),
      first_page_(rows.first / paging.page_rows),
      page_sizes_(static_cast<std::size_t>(quotient_up(rows.last, paging.page_rows) - first_page_)),
      windows_(quotient_up(pages_in_shard(), paging.pages_in_window)) {
  for (std::int64_t row = rows.first; row < rows.last; ++row) {
    if (held_out(row)) continue;
    ++page_sizes_[static_cast<std::size_t>(row / paging.page_rows - first_page_)];
    ++training_rows_;
  }
}

template <class Visit>
void WindowOrder::for_each_page(std::int64_t window, const Visit& visit) const {
  const std::int64_t epoch = window / windows_;
  const core::Permutation order(key_, static_cast<std::uint64_t>(shard_), static_cast<std::uint32_t>(epoch),
                                static_cast<std::uint64_t>(pages_in_shard()));
  const std::int64_t first = window % windows_ * paging_.pages_in_window;
  const std::int64_t last = std::min(pages_in_shard(), first + paging_.pages_in_window);
  for (std::int64_t i = first; i < last; ++i)
    visit(static_cast<std::size_t>(order(static_cast<std::uint64_t>(i))));
}

std::int64_t WindowOrder::size(std::int64_t window) const {
  std::int64_t rows = 0;
  for_each_page(window, [&](std::size_t page) { rows += page_sizes_[page]; });
  return rows;
}

std::int64_t WindowOrder::next(std::int64_t window) const {
  do ++window;
  while (size(window) == 0);
  return window;
}

std::vector<comm::IndexRange> WindowOrder::pages(std::int64_t window) const {
  std::vector<comm::IndexRange> pages;
  for_each_page(window, [&](std::size_t page) {
    const std::int64_t first = (first_page_ + static_cast<std::int64_t>(page)) * paging_.page_rows;
    pages.push_back({std::max(first, rows_.first), std::min(first + paging_.page_rows, rows_.last)});
  });
  std::ranges::sort(pages, {}, &comm::IndexRange::first);
  return pages;
}

void WindowOrder::enter_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  window_ends_.clear();
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < windows_; ++i) window_ends_.push_back(rows += size(epoch * windows_ + i));
}

WindowOrder::Place WindowOrder::place_of(std::int64_t draw) {
  const std::int64_t epoch = draw / training_rows_, within = draw % training_rows_;
  if (epoch != epoch_) enter_epoch(epoch);
  const auto end = std::ranges::upper_bound(window_ends_, within);
  const std::int64_t begin = end == window_ends_.begin() ? 0 : *(end - 1);
  return {epoch * windows_ + (end - window_ends_.begin()), within - begin, *end - begin};
}

}  // namespace ebmpi::data
