// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealed_chains.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/random.hpp"
#include "core/to_device.hpp"
#include "sampling/moves.hpp"
#include "sampling/transitions.hpp"

namespace ebmpi::evaluation {

using core::ExecutionSpace;

namespace {

/// A rank's chains: whole tiles, so that all lanes work.
comm::IndexRange own_chains(const comm::Communicator& communicator, std::int64_t chains) {
  const std::int64_t tiles = (chains + core::tile_size - 1) / core::tile_size;
  const comm::IndexRange own = comm::balanced_slice(tiles, communicator.size(), communicator.rank());
  return {std::min(chains, own.first * core::tile_size), std::min(chains, own.last * core::tile_size)};
}

template <class View>
std::vector<double> gather(const comm::Communicator& communicator, const View& own) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), own);
  return communicator.gather_all(std::vector<double>(host.data(), host.data() + host.size()));
}

}  // namespace

template <class Scalar>
AnnealedChains<Scalar>::AnnealedChains(const comm::Communicator& communicator,
                                       network::EnergyModel<Scalar> energy, const AnnealingMoves& moves,
                                       std::int64_t chains)
    : communicator_(communicator),
      energy_(std::move(energy)),
      moves_(moves),
      chains_(chains),
      own_(own_chains(communicator, chains)) {
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  const std::int64_t rows = own_.size();
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(rows));
  std::iota(numbers.begin(), numbers.end(), own_.first);
  state_ = {core::Rows<Scalar>("ebmpi::evaluation::annealed_chains", rows, dimension()),
            core::Rows<Scalar>("ebmpi::evaluation::annealed_gradients", rows, dimension()),
            Numbers("ebmpi::evaluation::annealed_energies", rows),
            core::to_device<std::int64_t>(numbers, "ebmpi::evaluation::annealed_numbers")};
  tally_ = {Numbers("ebmpi::evaluation::annealed_acceptance", rows),
            Numbers("ebmpi::evaluation::annealed_divergences", rows)};
}

template <class Scalar>
void AnnealedChains<Scalar>::refresh() {
  sampling::evaluate_chains(ExecutionSpace(), energy_.view(), state_);
}

template <class Scalar>
void AnnealedChains<Scalar>::start_from_base(std::uint32_t step) {
  const core::PhiloxKey key = core::stream_key(moves_.seed, core::Purpose::annealing_start);
  const auto host = Kokkos::create_mirror_view(state_.x);
  for (std::int64_t row = 0; row < own_.size(); ++row) {
    const auto chain = static_cast<std::uint64_t>(own_.first + row);
    for (std::int64_t d = 0; d < dimension(); d += 2) {
      const core::PhiloxBlock bits = core::draw(key, chain, step, static_cast<std::uint32_t>(d / 2));
      double first, second;
      core::normal_pair(bits.word[0], bits.word[1], first, second);
      host(row, d) = static_cast<Scalar>(first);
      if (d + 1 < dimension()) host(row, d + 1) = static_cast<Scalar>(second);
    }
  }
  Kokkos::deep_copy(state_.x, host);
  refresh();
}

template <class Scalar>
void AnnealedChains<Scalar>::start_from(std::span<const double> u) {
  const auto host = Kokkos::create_mirror_view(state_.x);
  const auto first = static_cast<std::size_t>(own_.first * dimension());
  for (std::size_t i = 0; i < host.size(); ++i) host.data()[i] = static_cast<Scalar>(u[first + i]);
  Kokkos::deep_copy(state_.x, host);
  refresh();
}

template <class Scalar>
double AnnealedChains<Scalar>::transitions(double beta, double step_size, int count, std::uint32_t step) {
  Kokkos::deep_copy(tally_.acceptance, Scalar(0));
  sampling::ChainTarget<Scalar> target;
  target.energy_weight = static_cast<Scalar>(beta * moves_.energy_weight);
  target.spring = static_cast<Scalar>(1.0 - beta);
  sampling::run_transitions(
      ExecutionSpace(), energy_.view(), target,
      {sampling::Proposal::trajectory, moves_.leapfrogs, sampling::trajectory_jitter}, count, step_size,
      sampling::transition_keys(moves_.seed, core::Purpose::annealing_noise), step, state_, tally_);
  const std::vector<double> acceptance = gather(communicator_, tally_.acceptance);
  return std::accumulate(acceptance.begin(), acceptance.end(), 0.0) /
         (static_cast<double>(chains_) * static_cast<double>(count));
}

template <class Scalar>
std::vector<double> AnnealedChains<Scalar>::anneal(const AnnealingSchedule& schedule, Direction direction,
                                                   std::uint32_t first_step) {
  AnnealingSchedule ordered = schedule;
  if (direction == Direction::to_base) {
    std::ranges::reverse(ordered.betas);
    std::ranges::reverse(ordered.step_sizes);
  }
  const sampling::AnnealingPath<Scalar> path{
      core::to_device<double>(ordered.betas, "ebmpi::evaluation::betas"),
      core::to_device<Scalar>(ordered.step_sizes, "ebmpi::evaluation::annealing_steps"),
      static_cast<Scalar>(moves_.energy_weight)};
  const Kokkos::View<double*, core::MemorySpace> log_weights("ebmpi::evaluation::log_weights", own_.size());
  const auto stages = static_cast<int>(schedule.stages());
  for (int stage = 0; stage < stages; stage += launch_stages, ++first_step) {
    sampling::run_annealing(ExecutionSpace(), energy_.view(), path, stage,
                            std::min(stages, stage + launch_stages),
                            {sampling::Proposal::trajectory, moves_.leapfrogs, sampling::trajectory_jitter},
                            1, sampling::transition_keys(moves_.seed, core::Purpose::annealing_noise),
                            first_step, state_, log_weights);
  }
  return gather(communicator_, log_weights);
}

template <class Scalar>
std::vector<double> AnnealedChains<Scalar>::positions() const {
  return gather(communicator_, state_.x);
}

template <class Scalar>
std::vector<double> AnnealedChains<Scalar>::energies() const {
  std::vector<double> energies = gather(communicator_, state_.energy);
  for (double& energy : energies) energy *= moves_.energy_weight;
  return energies;
}

template class AnnealedChains<float>;
template class AnnealedChains<double>;

}  // namespace ebmpi::evaluation
