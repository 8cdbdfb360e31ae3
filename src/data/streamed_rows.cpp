// SPDX-License-Identifier: Apache-2.0
#include "data/streamed_rows.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/permutation.hpp"

namespace ebmpi::data {
namespace {

/// Rows of the batch that come one after another from one window.
template <class Scalar>
struct Segment {
  const Scalar* rows;  // (size of the window, K)
  std::int64_t batch_first, count;
  std::uint64_t position;  // of the first, among the draws from the window
  core::Permutation order;
};

/// `segments` has one for each part, perhaps without rows.
template <class Scalar>
void copy_segments(const std::vector<Segment<Scalar>>& segments, const std::vector<std::int32_t>& part_of_row,
                   const HostRows<Scalar>& batch) {
  const Segment<Scalar>* const segment_of = segments.data();
  const std::int32_t* const part_of = part_of_row.data();
  const Kokkos::DefaultHostExecutionSpace space;
  Kokkos::parallel_for(
      "ebmpi::data::draw_streamed",
      Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(space, 0, part_of_row.size()),
      KOKKOS_LAMBDA(std::int64_t row) {
        const Segment<Scalar>& segment = segment_of[part_of[row]];
        const std::int64_t i = row - segment.batch_first;
        if (i < 0 || i >= segment.count) return;
        const std::uint64_t source = segment.order(segment.position + static_cast<std::uint64_t>(i));
        const Scalar* const from = segment.rows + source * batch.extent(1);
        for (std::size_t d = 0; d < batch.extent(1); ++d) batch(row, d) = from[d];
      });
  space.fence("ebmpi::data::draw_streamed");
}

}  // namespace

template <class Scalar>
StreamedRows<Scalar>::StreamedRows(const comm::ShardMap& shards, std::int64_t rows_in_file,
                                   const Paging& paging, const ValidationSplit& held_out,
                                   core::PhiloxKey order, core::PhiloxKey page_order,
                                   WindowReader<Scalar> reader)
    : order_(order), reader_(std::move(reader)) {
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    Part& part = parts_.emplace_back(
        WindowOrder(page_order, shard, shards.slice(rows_in_file, shard), paging, held_out));
    part.shard = shard;
    const std::int64_t rows = part.order.training_rows();
    part.spread_count = spread_count(shards, shard, rows);
    const auto most = static_cast<std::size_t>(std::min(rows + paging.page_rows, paging.window_rows()) *
                                               reader_.dimension());
    part.current.rows.reserve(most);
    part.next.rows.reserve(most);
  }
}

template <class Scalar>
void StreamedRows<Scalar>::offer(std::size_t index, std::int64_t number, std::span<const Scalar> row) {
  Part& part = parts_[index];
  const auto kept = static_cast<std::int64_t>(part.spread.size() / row.size());
  if (kept == part.spread_count || number != kept * part.order.training_rows() / part.spread_count) return;
  part.spread.insert(part.spread.end(), row.begin(), row.end());
}

template <class Scalar>
std::vector<double> StreamedRows<Scalar>::spread_rows(std::size_t part) const {
  return {parts_[part].spread.begin(), parts_[part].spread.end()};
}

template <class Scalar>
void StreamedRows<Scalar>::draw(std::int64_t step, const core::BatchSlots& slots,
                                const core::Rows<Scalar>& batch) {
  worker_.check();
  look_at(slots, batch);
  for (Part& part : parts_) part.served = 0;
  while (!all_served()) {
    find_places(step);
    serve();
  }
  Kokkos::deep_copy(batch, host_batch_);
}

/// Batches are drawn with the same slots again and again.
template <class Scalar>
void StreamedRows<Scalar>::look_at(const core::BatchSlots& slots, const core::Rows<Scalar>& batch) {
  if (host_batch_.extent(0) != batch.extent(0) || core::is_host_space<core::ExecutionSpace>)
    host_batch_ = Kokkos::create_mirror_view(batch);
  if (slots.data() == slots_.data() && slots.extent(0) == slots_.extent(0)) return;
  slots_ = slots;
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), slots);
  part_of_row_.clear();
  for (std::size_t row = 0; row < host.extent(0); ++row) {
    const std::int64_t index = host(row).shard - parts_.front().shard;
    Part& part = parts_[static_cast<std::size_t>(index)];
    part.share = host(row).share;
    part.batch_first = static_cast<std::int64_t>(row) - host(row).position;
    part_of_row_.push_back(static_cast<std::int32_t>(index));
  }
}

template <class Scalar>
bool StreamedRows<Scalar>::all_served() const {
  return std::ranges::all_of(parts_, [](const Part& part) { return part.served == part.share; });
}

/// Asks for every window that is needed and not there, before any is waited for or asked for ahead.
template <class Scalar>
void StreamedRows<Scalar>::find_places(std::int64_t step) {
  for (Part& part : parts_) {
    if (part.served == part.share) continue;
    part.place = part.order.place_of((step - 1) * part.share + part.served);
    const std::int64_t window = part.place.window;
    if (window != part.current.number && window != part.next.number) request(part, window);
  }
}

/// Serves of each part what its window at hand has.
template <class Scalar>
void StreamedRows<Scalar>::serve() {
  std::vector<Segment<Scalar>> segments;
  segments.reserve(parts_.size());
  for (Part& part : parts_) {
    const std::int64_t wanted = part.share - part.served;
    if (wanted > 0 && part.place.window != part.current.number) enter(part);
    const std::int64_t count = std::min(wanted, part.place.size - part.place.position);
    const core::Permutation order(order_, static_cast<std::uint64_t>(part.shard),
                                  static_cast<std::uint32_t>(part.place.window),
                                  static_cast<std::uint64_t>(std::max<std::int64_t>(1, part.place.size)));
    segments.push_back({part.current.rows.data(), part.batch_first + part.served, count,
                        static_cast<std::uint64_t>(part.place.position), order});
    part.served += count;
  }
  copy_segments(segments, part_of_row_, host_batch_);
}

template <class Scalar>
void StreamedRows<Scalar>::wait_for(const Window& window) {
  const auto start = std::chrono::steady_clock::now();
  worker_.wait_for(window.job);
  seconds_waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Has the next window of `part` filled with the rows of `window`.
template <class Scalar>
void StreamedRows<Scalar>::request(Part& part, std::int64_t window) {
  Window& next = part.next;
  wait_for(next);  // it may be on its way with other rows
  next.number = window;
  next.job = worker_.add([this, &next, pages = part.order.pages(window)] {
    next.rows.clear();
    for (const comm::IndexRange& page : pages) {
      if (worker_.is_ending()) return;
      reader_.append(page, next.rows);
    }
  });
}

/// Makes the next window the current one, and asks for the one that follows.
template <class Scalar>
void StreamedRows<Scalar>::enter(Part& part) {
  wait_for(part.next);
  std::swap(part.current, part.next);
  request(part, part.order.next(part.current.number));
}

template class StreamedRows<float>;
template class StreamedRows<double>;

}  // namespace ebmpi::data
