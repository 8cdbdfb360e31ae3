// SPDX-License-Identifier: Apache-2.0
#include "statistics/row_values.hpp"

#include <Kokkos_Core.hpp>

#include "comm/shards.hpp"

namespace ebmpi::statistics {

std::vector<double> row_values(const comm::Communicator& communicator, std::int64_t count,
                               const std::function<double(std::int64_t)>& value) {
  using Space = Kokkos::DefaultHostExecutionSpace;
  const comm::IndexRange own = comm::balanced_slice(count, communicator.size(), communicator.rank());
  std::vector<double> values(static_cast<std::size_t>(own.size()));
  double* const value_of = values.data();
  const auto* const function = &value;
  const Space space;
  // Not KOKKOS_LAMBDA: a std::function is called on the host only.
  Kokkos::parallel_for("ebmpi::statistics::row_values",
                       Kokkos::RangePolicy<Space>(space, 0, static_cast<std::size_t>(own.size())),
                       [=](std::int64_t i) { value_of[i] = (*function)(own.first + i); });
  space.fence("ebmpi::statistics::row_values");
  return communicator.gather_all(values);
}

}  // namespace ebmpi::statistics
