// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>

#include "statistics/distances.hpp"
#include "statistics/sliced_wasserstein.hpp"
#include "statistics/stein_discrepancy.hpp"
#include "support/numbers.hpp"

using namespace ebmpi;

namespace {

bool same_bits(const statistics::Estimate& a, const statistics::Estimate& b) {
  return a.value == b.value && a.standard_error == b.standard_error;
}

}  // namespace

TEST_CASE("Distances between samples have the bits of one process", "[mpi][statistics]") {
  const comm::Communicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  constexpr std::int64_t dimension = 3;
  // With two rows or slices, ranks beyond the second have none.
  for (const auto& [n, m] : {std::pair{2, 3}, {130, 77}, {401, 64}}) {
    const std::vector<double> x = test::arbitrary_numbers(n * dimension, 1);
    const std::vector<double> y = test::arbitrary_numbers(m * dimension, 2);
    const std::vector<double> scores = test::arbitrary_numbers(n * dimension, 3);
    const double h = statistics::median_distance(x, y, dimension);
    CHECK(same_bits(statistics::maximum_mean_discrepancy(world, x, y, dimension, h),
                    statistics::maximum_mean_discrepancy(self, x, y, dimension, h)));
    CHECK(same_bits(statistics::energy_distance(world, x, y, dimension),
                    statistics::energy_distance(self, x, y, dimension)));
    CHECK(same_bits(statistics::kernel_stein_discrepancy(world, x, scores, dimension),
                    statistics::kernel_stein_discrepancy(self, x, scores, dimension)));
    for (const std::int64_t slices : {2, 33}) {
      CHECK(same_bits(statistics::sliced_wasserstein(world, x, y, dimension, {.slices = slices}),
                      statistics::sliced_wasserstein(self, x, y, dimension, {.slices = slices})));
    }
  }
}
