// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "comm/shards.hpp"
#include "core/random.hpp"
#include "data/row_store.hpp"
#include "data/window_order.hpp"
#include "data/window_reader.hpp"
#include "data/worker.hpp"

namespace ebmpi::data {

/// Training rows that are read as they are needed: of each shard a window in host memory, and the next one,
/// which a thread of the rank reads meanwhile. Which row a draw gives is a pure function of (seed, shard,
/// number of the draw, paging, split): a draw of any step waits for the windows that belong to it.
template <class Scalar>
class StreamedRows final : public RowStore<Scalar> {
public:
  /// `order` is the key of the order of rows in a window, `page_order` that of the pages in an epoch.
  StreamedRows(const comm::ShardMap& shards, std::int64_t rows_in_file, const Paging& paging,
               const ValidationSplit& held_out, core::PhiloxKey order, core::PhiloxKey page_order,
               WindowReader<Scalar> reader);

  void offer(std::size_t part, std::int64_t number, std::span<const Scalar> row) override;
  void complete() override {}
  void draw(std::int64_t step, const core::BatchSlots& slots, const core::Rows<Scalar>& batch) override;
  std::vector<double> spread_rows(std::size_t part) const override;
  double seconds_waited() const override { return seconds_waited_; }

private:
  struct Window {
    std::int64_t number = -1;
    std::int64_t job = 0;      // that fills it
    std::vector<Scalar> rows;  // (rows, K)
  };
  struct Part {
    explicit Part(WindowOrder window_order) : order(std::move(window_order)) {}

    std::int64_t shard = 0;
    WindowOrder order;
    Window current, next;
    std::int64_t spread_count = 0;            // rows that `spread` is to hold
    std::vector<Scalar> spread;               // (rows, K)
    std::int64_t batch_first = 0, share = 0;  // its rows of the batch
    std::int64_t served = 0;                  // of them, in this draw
    WindowOrder::Place place;                 // of the first that is not
  };

  void look_at(const core::BatchSlots& slots, const core::Rows<Scalar>& batch);
  void find_places(std::int64_t step);
  void serve();
  bool all_served() const;
  void wait_for(const Window& window);
  void request(Part& part, std::int64_t window);
  void enter(Part& part);

  core::PhiloxKey order_;
  WindowReader<Scalar> reader_;  // for the worker alone
  std::vector<Part> parts_;
  core::BatchSlots slots_;                 // from which the parts' share of the batch follows
  std::vector<std::int32_t> part_of_row_;  // of the batch
  HostRows<Scalar> host_batch_;
  double seconds_waited_ = 0.0;
  Worker worker_;  // destroyed first, since it fills windows
};

}  // namespace ebmpi::data
