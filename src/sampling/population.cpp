// SPDX-License-Identifier: Apache-2.0
#include "sampling/population.hpp"

namespace ebmpi::sampling {

using core::BatchSlot;
using core::ExecutionSpace;

template <class Scalar>
Population<Scalar>::Population(std::int64_t chains, std::int64_t first, int dimension, core::BatchSlots slots,
                               StartDistribution<Scalar> start, std::uint64_t seed, std::int64_t replicas)
    : first_(first),
      replicas_(replicas),
      x_("ebmpi::sampling::population", chains * replicas, dimension),
      level_("ebmpi::sampling::level", replicas > 1 ? chains * replicas : 0),
      age_("ebmpi::sampling::age", chains),
      slots_(slots),
      start_(start),
      initial_key_(core::stream_key(seed, core::Purpose::initial_chains)),
      restart_key_(core::stream_key(seed, core::Purpose::chain_restart)) {}

template <class Scalar>
void Population<Scalar>::start_all() {
  const auto x = x_;
  const auto level = level_;
  const auto start = start_;
  const auto key = initial_key_;
  const std::int64_t replicas = replicas_, first = first_ * replicas_;
  Kokkos::deep_copy(age_, 0);
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, x.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::start_all", policy, KOKKOS_LAMBDA(std::int64_t replica) {
        start(key, first + replica, 0, x, replica);
        if (replicas > 1) level(replica) = replica % replicas;
      });
}

template <class Scalar>
void Population<Scalar>::check_out(std::int64_t step, double reinitialize, const core::Rows<Scalar>& x,
                                   const Numbers& numbers, const Numbers& levels) const {
  const auto population = x_;
  const auto level = level_;
  const auto age = age_;
  const auto slots = slots_;
  const auto start = start_;
  const auto key = restart_key_;
  const std::int64_t replicas = replicas_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::check_out", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const BatchSlot& slot = slots(row);
        const std::int64_t chain = slot.local_first + slot.object(step);
        const std::int64_t number = slot.global_first + slot.object(step);
        const auto counter = static_cast<std::uint32_t>(step);
        const bool restarts =
            core::uniform<double>(core::draw(key, number, counter, 0).word[0]) < reinitialize;
        if (restarts) age(chain) = 0;
        for (std::int64_t r = 0; r < replicas; ++r) {
          const std::int64_t from = chain * replicas + r, to = row * replicas + r;
          numbers(to) = number * replicas + r;
          if (replicas > 1) levels(to) = restarts ? r : level(from);
          if (restarts) {
            start(key, number * replicas + r, counter, x, to);
          } else {
            for (std::size_t d = 0; d < x.extent(1); ++d) x(to, d) = population(from, d);
          }
        }
      });
}

template <class Scalar>
void Population<Scalar>::check_in(std::int64_t step, std::int64_t steps, const core::Rows<Scalar>& x,
                                  const Numbers& levels) const {
  const auto population = x_;
  const auto level = level_;
  const auto age = age_;
  const auto slots = slots_;
  const std::int64_t replicas = replicas_;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, slots.extent(0));
  Kokkos::parallel_for(
      "ebmpi::sampling::check_in", policy, KOKKOS_LAMBDA(std::int64_t row) {
        const BatchSlot& slot = slots(row);
        const std::int64_t chain = slot.local_first + slot.object(step);
        for (std::int64_t r = 0; r < replicas; ++r) {
          const std::int64_t from = row * replicas + r, to = chain * replicas + r;
          for (std::size_t d = 0; d < x.extent(1); ++d) population(to, d) = x(from, d);
          if (replicas > 1) level(to) = levels(from);
        }
        age(chain) += steps;
      });
}

template class Population<float>;
template class Population<double>;

}  // namespace ebmpi::sampling
