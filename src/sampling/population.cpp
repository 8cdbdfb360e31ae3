// SPDX-License-Identifier: Apache-2.0
#include "sampling/population.hpp"

namespace ebmpi::sampling {

using core::BatchSlot;
using core::ExecutionSpace;

namespace {
KOKKOS_INLINE_FUNCTION std::int64_t chain_of(const BatchSlot& slot, std::int64_t step) {
  return static_cast<std::int64_t>(slot.served(step) % static_cast<std::uint64_t>(slot.size));
}
}  // namespace

template <class Scalar>
Population<Scalar>::Population(std::int64_t chains, std::int64_t first, int dimension, core::BatchSlots slots,
                               StartDistribution<Scalar> start, std::uint64_t seed)
    : first_(first),
      x_("ebmpi::sampling::population", chains, dimension),
      age_("ebmpi::sampling::age", chains),
      slots_(slots),
      start_(start),
      initial_key_(core::stream_key(seed, core::Purpose::initial_chains)),
      restart_key_(core::stream_key(seed, core::Purpose::chain_restart)) {}

template <class Scalar>
void Population<Scalar>::start_all() {
  const auto x = x_;
  const auto start = start_;
  const auto key = initial_key_;
  const std::int64_t first = first_;
  Kokkos::deep_copy(age_, 0);
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, x.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::start_all", policy,
      KOKKOS_LAMBDA(std::int64_t chain) { start(key, first + chain, 0, x, chain); });
}

template <class Scalar>
void Population<Scalar>::check_out(std::int64_t step, double reinitialize, const core::Rows<Scalar>& x,
                                   const Kokkos::View<std::int64_t*, core::MemorySpace>& numbers) const {
  const auto population = x_;
  const auto age = age_;
  const auto slots = slots_;
  const auto start = start_;
  const auto key = restart_key_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::check_out", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const BatchSlot& slot = slots(row);
        const std::int64_t chain = slot.local_first + chain_of(slot, step);
        const std::int64_t number = slot.global_first + chain_of(slot, step);
        numbers(row) = number;
        const auto counter = static_cast<std::uint32_t>(step);
        if (core::uniform<double>(core::draw(key, number, counter, 0).word[0]) < reinitialize) {
          start(key, number, counter, x, row);
          age(chain) = 0;
        } else {
          for (std::size_t d = 0; d < x.extent(1); ++d) x(row, d) = population(chain, d);
        }
      });
}

template <class Scalar>
void Population<Scalar>::check_in(std::int64_t step, std::int64_t steps, const core::Rows<Scalar>& x) const {
  const auto population = x_;
  const auto age = age_;
  const auto slots = slots_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::check_in", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const BatchSlot& slot = slots(row);
        const std::int64_t chain = slot.local_first + chain_of(slot, step);
        for (std::size_t d = 0; d < x.extent(1); ++d) population(chain, d) = x(row, d);
        age(chain) += steps;
      });
}

template class Population<float>;
template class Population<double>;

}  // namespace ebmpi::sampling
