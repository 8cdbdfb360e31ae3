// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

#include "statistics/bootstrap.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;

TEST_CASE("Bootstrap intervals on all ranks have the bits of one process", "[mpi][statistics]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  std::vector<double> scores = test::arbitrary_numbers(203, 4);
  std::vector<std::int64_t> labels(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    labels[i] = i % 5 == 0 ? 1 : 0;
    if (labels[i] == 1) scores[i] += 0.5;
  }
  // With one replicate, ranks beyond the first have none.
  for (const int replicates : {1, 2, 250}) {
    const auto together = statistics::bootstrap_intervals(world, scores, labels, 6, replicates);
    const auto alone = statistics::bootstrap_intervals(self, scores, labels, 6, replicates);
    CHECK(together.auroc.lower == alone.auroc.lower);
    CHECK(together.auroc.upper == alone.auroc.upper);
    CHECK(together.average_precision.lower == alone.average_precision.lower);
    CHECK(together.average_precision.upper == alone.average_precision.upper);
  }
}
