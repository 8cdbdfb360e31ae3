// SPDX-License-Identifier: Apache-2.0
#include "training/gradient_reduction.hpp"

#include <cstdlib>
#include <span>

namespace ebmpi::training {
namespace {

/// Values of the smallest bucket of its own, 64 KiB: less travels as fast as more.
constexpr std::int64_t smallest_bucket = 8192;

/// With more workers, one thread that adds up all their copies would take longer than all threads do
/// afterwards.
constexpr int most_overlapping_workers = 8;

bool overlaps(Overlap overlap, const comm::Communicator& communicator) {
  if (communicator.size() == 1 || overlap == Overlap::never) return false;
  if (overlap == Overlap::always) return true;
  const char* const wish = std::getenv("EBMPI_OVERLAP");
  // Rank 0 decides for all: the environment may differ from node to node.
  const bool is_wanted = wish != nullptr && *wish != '\0' ? *wish != '0' : !communicator.is_on_one_node();
  auto decision = static_cast<std::int64_t>(is_wanted);
  communicator.broadcast(std::span(&decision, 1));
  return decision != 0;
}

}  // namespace

GradientReduction::GradientReduction(const comm::Communicator& communicator, core::FixedPointSum& sums,
                                     int layers, Overlap overlap)
    : communicator_(communicator),
      sums_(sums),
      pending_(communicator),
      mpi_thread_(std::this_thread::get_id()),
      overlaps_(overlaps(overlap, communicator)) {
  int end = 2 * layers;
  for (int layer = layers - 1; layer >= 0; --layer) {
    const int first = 2 * layer;
    if (layer > 0 && sums.slot_first(end) - sums.slot_first(first) < smallest_bucket) continue;
    buckets_.push_back({first, end});
    end = first;
  }
  buckets_.push_back({2 * layers, sums.slots()});
  finished_ = std::make_unique<std::atomic<int>[]>(buckets_.size());
}

core::FixedPointAdder GradientReduction::begin(std::int64_t blocks) {
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) finished_[bucket] = 0;
  workers_ = core::FixedPointAdder::busy_workers(sums_.workers(), blocks);
  sent_ = sent_early_ = 0;
  core::FixedPointAdder adder = sums_.adder();
  if (overlaps_ && workers_ <= most_overlapping_workers) adder.listener = {&hear, this};
  return adder;
}

void GradientReduction::hear(void* self, int slot) {
  static_cast<GradientReduction*>(self)->note(slot);
}

/// Called from within the kernel. A bucket ends with its first slot, since layers are finished in falling
/// order.
void GradientReduction::note(int slot) {
  for (std::size_t bucket = 0; bucket + 1 < buckets_.size(); ++bucket) {
    if (buckets_[bucket].first == slot) finished_[bucket].fetch_add(1, std::memory_order_release);
  }
  if (std::this_thread::get_id() != mpi_thread_) return;
  pending_.advance();
  while (sent_ + 1 < buckets() &&
         finished_[static_cast<std::size_t>(sent_)].load(std::memory_order_acquire) == workers_) {
    send(buckets_[static_cast<std::size_t>(sent_)]);
    sent_early_ = sent_;
  }
}

void GradientReduction::send(const Bucket& bucket) {
  sums_.collect_slots(bucket.first, bucket.last);
  pending_.start(sums_.sums_of_slots(bucket.first, bucket.last));
  ++sent_;
}

void GradientReduction::send_rest() {
  if (!overlaps_) return sums_.collect();
  Kokkos::fence("ebmpi::training::send_rest");
  while (sent_ < buckets()) send(buckets_[static_cast<std::size_t>(sent_)]);
  sums_.collect_peaks();
}

void GradientReduction::wait() {
  if (!overlaps_) return communicator_.sum(sums_.sums());
  pending_.wait();
}

}  // namespace ebmpi::training
