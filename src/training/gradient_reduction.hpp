// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "comm/pending_sums.hpp"
#include "core/fixed_point.hpp"

namespace ebmpi::training {

/// Whether the reduction of the gradient goes on while it is computed. `automatic`: where ranks are on
/// several nodes. On one node a sum is work of the processors that compute, so that nothing is hidden, and
/// Open MPI's non-blocking sum takes twice the time of the blocking one. EBMPI_OVERLAP=0 or 1 in the
/// environment decides otherwise.
enum class Overlap { automatic, always, never };

/// The sum of the gradient over the ranks, in buckets of whole layers. The reverse pass finishes the last
/// layer first, so on a CPU a bucket is on its way as soon as every worker has passed it in its last tile of
/// samples, while the layers before it are still being computed; Li et al. 2020,
/// doi:10.14778/3415478.3415530, do so for data-parallel training. The sums are of integers, so neither
/// buckets nor their timing change a bit.
class GradientReduction {
public:
  /// The slots of `sums` are weight and bias of each of `layers` layers, then others, which go last. Both
  /// references must outlive the reduction.
  GradientReduction(const comm::Communicator& communicator, core::FixedPointSum& sums, int layers,
                    Overlap overlap = Overlap::automatic);
  GradientReduction(const GradientReduction&) = delete;
  GradientReduction& operator=(const GradientReduction&) = delete;

  /// The adder for a launch on that many blocks of samples, after `sums.clear()`.
  core::FixedPointAdder begin(std::int64_t blocks);
  /// Collective. After the launch: `sums.peaks()` are those of this rank, and the buckets of an overlapping
  /// reduction are all on their way.
  void send_rest();
  /// Collective. Returns when the sums are those of all ranks.
  void wait();

  /// Buckets, the last one included, that holds what no layer owns.
  int buckets() const { return static_cast<int>(buckets_.size()); }
  /// How many of them were on their way before the last launch ended.
  int sent_early() const { return sent_early_; }

private:
  /// Slots [first, last).
  struct Bucket {
    int first = 0;
    int last = 0;
  };

  static void hear(void* self, int slot);
  void note(int slot);
  void send(const Bucket& bucket);

  const comm::Communicator& communicator_;
  core::FixedPointSum& sums_;
  comm::PendingSums pending_;
  std::vector<Bucket> buckets_;                   // in the order in which they are finished
  std::unique_ptr<std::atomic<int>[]> finished_;  // (buckets), workers that have passed it
  std::thread::id mpi_thread_;
  bool overlaps_;
  int workers_ = 0;  // of this launch
  int sent_ = 0;
  int sent_early_ = 0;
};

}  // namespace ebmpi::training
