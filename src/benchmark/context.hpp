// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "comm/communicator.hpp"

namespace ebmpi::benchmark {

/// Under what conditions figures were taken, as far as a program can know them.
struct Context {
  std::string date;  ///< UTC, ISO 8601
  std::string host;
  std::string processor;  ///< or the name of the GPU
  int ranks = 1;
  int threads_per_rank = 1;
};

/// As this rank sees them.
Context context_of(const comm::Communicator& communicator);

}  // namespace ebmpi::benchmark
