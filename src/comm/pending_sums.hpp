// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"

namespace ebmpi::comm {

/// Sums over all ranks that go on while the caller computes. Only the thread that initialised MPI may call
/// the members.
class PendingSums {
public:
  explicit PendingSums(const Communicator& communicator) : communicator_(communicator) {}
  ~PendingSums() { wait(); }
  PendingSums(const PendingSums&) = delete;
  PendingSums& operator=(const PendingSums&) = delete;

  /// Collective, in the same order on all ranks. The sum replaces `values`, which must be left alone until
  /// `wait` returns.
  void start(std::span<std::int64_t> values);
  /// Lets MPI move what is under way: most MPI libraries do so only inside their calls.
  void advance();
  /// Returns when all sums are there.
  void wait();

private:
  const Communicator& communicator_;
  std::vector<MPI_Request> requests_;
};

}  // namespace ebmpi::comm
