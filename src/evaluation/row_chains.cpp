// SPDX-License-Identifier: Apache-2.0
#include "evaluation/row_chains.hpp"

#include <algorithm>
#include <cmath>

#include "core/to_host.hpp"
#include "evaluation/row_pieces.hpp"
#include "sampling/moves.hpp"
#include "sampling/transitions.hpp"

namespace ebmpi::evaluation {

namespace {

/// Acceptance that trajectories are most efficient at, and Langevin's steps: Beskos et al. 2013, arXiv
/// 1001.4460; Roberts and Rosenthal 1998, doi:10.1111/1467-9868.00123.
constexpr double trajectory_acceptance = 0.8, langevin_acceptance = 0.574;

/// Steps are kept in this range, of which a target without anything to move would leave the upper end.
constexpr double shortest_step = 1e-8, longest_step = 1e2;

/// Transitions of one launch.
constexpr std::int64_t most_transitions = 100;

}  // namespace

template <class Scalar>
RowChains<Scalar>::RowChains(const network::CombinedEnergy<Scalar>& energy,
                             const sampling::ChainTarget<Scalar>& target, const RowMoves& moves,
                             std::int64_t first, const core::Rows<Scalar>& x)
    : energy_(energy),
      target_(target),
      moves_(moves),
      energy_weight_(target.energy_weight),
      spring_(target.spring) {
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  const auto rows = static_cast<std::int64_t>(x.extent(0));
  state_ = {x, core::Rows<Scalar>("ebmpi::evaluation::gradients", rows, x.extent(1)),
            Numbers("ebmpi::evaluation::energies", rows), consecutive_numbers(first, rows)};
  tally_.acceptance = Numbers("ebmpi::evaluation::acceptance", rows);
  device_lengths_ = Numbers("ebmpi::evaluation::step_lengths", rows);
  lengths_.assign(static_cast<std::size_t>(rows), moves_.step_size);
  upload_lengths();
  sampling::evaluate_chains(core::ExecutionSpace(), energy_, state_);
}

template <class Scalar>
void RowChains<Scalar>::upload_lengths() {
  const auto host = Kokkos::create_mirror_view(device_lengths_);
  for (std::size_t row = 0; row < lengths_.size(); ++row) {
    lengths_[row] = std::clamp(lengths_[row], shortest_step, longest_step);
    host(row) = static_cast<Scalar>(lengths_[row] * std::sqrt(temperature_));
  }
  Kokkos::deep_copy(device_lengths_, host);
}

template <class Scalar>
void RowChains<Scalar>::run(std::int64_t transitions) {
  const sampling::TransitionSettings settings{sampling::Proposal::trajectory, moves_.leapfrogs,
                                              moves_.leapfrogs > 1 ? sampling::trajectory_jitter : 0.0};
  const auto keys = sampling::transition_keys(moves_.seed, core::Purpose::sample_noise);
  sampling::run_transitions(core::ExecutionSpace(), energy_, target_, settings, static_cast<int>(transitions),
                            0.0, keys, static_cast<std::uint32_t>(launches_++), state_, tally_,
                            Kokkos::View<const Scalar*, core::MemorySpace>(device_lengths_));
}

template <class Scalar>
void RowChains<Scalar>::warm_up(std::int64_t steps) {
  const double wanted = moves_.leapfrogs > 1 ? trajectory_acceptance : langevin_acceptance;
  std::vector<sampling::DualAveraging> searches;
  for (const double length : lengths_) searches.emplace_back(length, wanted);
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::size_t row = 0; row < lengths_.size(); ++row) lengths_[row] = searches[row].step_size();
    upload_lengths();
    Kokkos::deep_copy(tally_.acceptance, Scalar(0));
    run(1);
    const std::vector<Scalar> acceptance = core::to_host(tally_.acceptance);
    for (std::size_t row = 0; row < lengths_.size(); ++row)
      searches[row].update(static_cast<double>(acceptance[row]));
  }
  for (std::size_t row = 0; row < lengths_.size(); ++row) lengths_[row] = searches[row].result();
  upload_lengths();
  Kokkos::deep_copy(tally_.acceptance, Scalar(0));
  transitions_ = 0;
}

template <class Scalar>
void RowChains<Scalar>::advance(std::int64_t steps) {
  for (std::int64_t done = 0; done < steps; done += most_transitions)
    run(std::min(most_transitions, steps - done));
  transitions_ += steps;
}

template <class Scalar>
void RowChains<Scalar>::set_temperature(double temperature) {
  temperature_ = temperature;
  target_.energy_weight = static_cast<Scalar>(energy_weight_ / temperature);
  target_.spring = static_cast<Scalar>(spring_ / temperature);
  upload_lengths();
}

template <class Scalar>
std::vector<Scalar> RowChains<Scalar>::energies() const {
  return core::to_host(state_.energy);
}

template <class Scalar>
std::vector<double> RowChains<Scalar>::acceptance() const {
  const std::vector<Scalar> sums = core::to_host(tally_.acceptance);
  std::vector<double> means(sums.size(), 1.0);
  for (std::size_t row = 0; transitions_ > 0 && row < sums.size(); ++row)
    means[row] = static_cast<double>(sums[row]) / static_cast<double>(transitions_);
  return means;
}

template class RowChains<float>;
template class RowChains<double>;

}  // namespace ebmpi::evaluation
