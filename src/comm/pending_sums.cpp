// SPDX-License-Identifier: Apache-2.0
#include "comm/pending_sums.hpp"

#include <algorithm>

namespace ebmpi::comm {

void PendingSums::start(std::span<std::int64_t> values) {
  const auto largest = static_cast<std::size_t>(communicator_.largest_count());
  for (std::size_t first = 0; first < values.size(); first += largest) {
    const std::size_t count = std::min(largest, values.size() - first);
    requests_.emplace_back();
    MPI_Iallreduce(MPI_IN_PLACE, values.data() + first, static_cast<int>(count), MPI_INT64_T, MPI_SUM,
                   communicator_.handle(), &requests_.back());
  }
}

void PendingSums::advance() {
  int all_done = 0;
  MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &all_done, MPI_STATUSES_IGNORE);
}

void PendingSums::wait() {
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  requests_.clear();
}

}  // namespace ebmpi::comm
