// SPDX-License-Identifier: Apache-2.0
#include "evaluation/chain_run.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/error.hpp"
#include "core/to_device.hpp"
#include "core/to_host.hpp"
#include "evaluation/chain_start.hpp"
#include "evaluation/row_pieces.hpp"
#include "sampling/dual_averaging.hpp"
#include "sampling/langevin.hpp"
#include "sampling/transitions.hpp"

namespace ebmpi::evaluation {

using core::ExecutionSpace;
using core::to_host;

namespace {

std::vector<double> all_temperatures(const ChainSettings& settings) {
  std::vector<double> temperatures{settings.temperature};
  temperatures.insert(temperatures.end(), settings.hotter.begin(), settings.hotter.end());
  return temperatures;
}

}  // namespace

sampling::Moves tested_moves(MoveKind moves) {
  switch (moves) {
    case MoveKind::metropolis:
      return sampling::Moves::metropolis;
    case MoveKind::hmc:
      return sampling::Moves::hmc;
    default:
      return sampling::Moves::mala;
  }
}

template <class Scalar>
ChainRun<Scalar>::ChainRun(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                           const ChainSettings& settings, std::int64_t chains)
    : communicator_(communicator),
      model_(model),
      settings_(settings),
      ladder_(all_temperatures(settings)),
      chains_(chains),
      replicas_(comm::balanced_slice(chains * settings.replicas(), communicator.size(), communicator.rank())),
      tried_(settings.hotter.size()),
      accepted_(settings.hotter.size()) {
  if (settings_.moves != MoveKind::langevin) model_.require_energy("a sampler with a Metropolis test");
  const std::int64_t rows = replicas_.size();
  const std::int64_t dimension = model_.transform.model_dimension();
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  state_ = {core::Rows<Scalar>("ebmpi::evaluation::chains", rows, dimension),
            core::Rows<Scalar>("ebmpi::evaluation::gradients", rows, dimension),
            Numbers("ebmpi::evaluation::energies", rows), consecutive_numbers(replicas_.first, rows)};
  tally_ = {Numbers("ebmpi::evaluation::acceptance", rows), Numbers("ebmpi::evaluation::divergences", rows)};
  weights_ = Numbers("ebmpi::evaluation::weights", rows);
  step_lengths_ = Numbers("ebmpi::evaluation::step_lengths", rows);
  target_.energy_weights = weights_;
  box_ = sampling::widened_box<Scalar>(settings_.box, model_.moments.minimum, model_.moments.maximum);
  target_.minimum = box_.minimum;
  target_.maximum = box_.maximum;
  // Hotter distributions are wider, and take longer steps.
  for (const double temperature : ladder_.temperatures()) {
    lengths_.push_back(
        sampling::length_of(settings_.step_size, tested_moves(settings_.moves), settings_.temperature) *
        std::sqrt(temperature / settings_.temperature));
  }
  for (std::int64_t replica = 0; replica < chains_ * settings_.replicas(); ++replica)
    levels_.push_back(replica % settings_.replicas());
  upload_levels();
}

template <class Scalar>
void ChainRun<Scalar>::start_from_noise() {
  draw_starts(model_, settings_.seed, replicas_, state_.x);
  if (box_.exists()) sampling::put_inside(state_.x, box_);
  is_fresh_ = false;
}

template <class Scalar>
void ChainRun<Scalar>::start_from_file(const std::string& file, const std::string& data_set) {
  place(read_starts(communicator_, model_, file, data_set, replicas_));
}

template <class Scalar>
void ChainRun<Scalar>::start_from_positions(const std::vector<Scalar>& positions) {
  const auto dimension = static_cast<std::ptrdiff_t>(model_.transform.model_dimension());
  place(std::vector<Scalar>(positions.begin() + replicas_.first * dimension,
                            positions.begin() + replicas_.last * dimension));
}

/// `own` (own replicas, K).
template <class Scalar>
void ChainRun<Scalar>::place(const std::vector<Scalar>& own) {
  const auto host = Kokkos::create_mirror_view(state_.x);
  std::ranges::copy(own, host.data());
  Kokkos::deep_copy(state_.x, host);
  if (box_.exists()) sampling::put_inside(state_.x, box_);
  is_fresh_ = false;
}

template <class Scalar>
void ChainRun<Scalar>::go_on(const ChainProgress& progress) {
  segments_ = progress.segments;
  rounds_ = progress.exchanges;
  lengths_ = progress.lengths;
  levels_ = progress.levels;
  upload_levels();
}

template <class Scalar>
ChainProgress ChainRun<Scalar>::progress() const {
  return {segments_, rounds_, lengths_, levels_};
}

template <class Scalar>
std::vector<Scalar> ChainRun<Scalar>::positions() const {
  return to_host(state_.x);
}

template <class Scalar>
void ChainRun<Scalar>::upload_levels() {
  const auto weights = Kokkos::create_mirror_view(weights_);
  const auto lengths = Kokkos::create_mirror_view(step_lengths_);
  for (std::int64_t row = 0; row < replicas_.size(); ++row) {
    const auto level = static_cast<int>(levels_[static_cast<std::size_t>(replicas_.first + row)]);
    weights(row) = static_cast<Scalar>(1.0 / temperature_of(level));
    lengths(row) = static_cast<Scalar>(lengths_[static_cast<std::size_t>(level)]);
  }
  Kokkos::deep_copy(weights_, weights);
  Kokkos::deep_copy(step_lengths_, lengths);
}

template <class Scalar>
void ChainRun<Scalar>::refresh() {
  if (!is_fresh_) sampling::evaluate_chains(ExecutionSpace(), model_.energy(), state_);
  is_fresh_ = true;
}

template <class Scalar>
void ChainRun<Scalar>::run_langevin(const network::CombinedEnergy<Scalar>& energy, double step_size,
                                    std::int64_t steps) {
  const core::PhiloxKey key = core::stream_key(settings_.seed, core::Purpose::sample_noise);
  sampling::LangevinSettings langevin;
  langevin.step_size = step_size;
  langevin.noise_scale = std::sqrt(2.0 * step_size * settings_.temperature);
  langevin.gradient_clip = settings_.gradient_clip;
  for (std::int64_t done = 0; done < steps; done += segment_steps, ++segments_) {
    langevin.steps = static_cast<int>(std::min(segment_steps, steps - done));
    sampling::run_langevin(ExecutionSpace(), energy, langevin, key, static_cast<std::uint32_t>(segments_),
                           {state_.x, state_.numbers, box_.minimum, box_.maximum});
  }
  is_fresh_ = false;
}

template <class Scalar>
void ChainRun<Scalar>::anneal(const std::vector<double>& sigmas, std::int64_t steps) {
  for (const double sigma : sigmas) {
    const double ratio = sigma / sigmas.back();
    run_langevin(model_.at_noise(sigma).view(), settings_.step_size * ratio * ratio, steps);
  }
}

/// Exchanges come after every `exchange_every` transitions of a call, and at its end.
template <class Scalar>
void ChainRun<Scalar>::run_transitions(std::int64_t steps) {
  refresh();
  const sampling::TransitionKeys keys =
      sampling::transition_keys(settings_.seed, core::Purpose::sample_noise);
  const std::int64_t most = is_tempered() ? std::min(segment_steps, settings_.exchange_every) : segment_steps;
  for (std::int64_t done = 0; done < steps; done += most, ++segments_) {
    const std::int64_t count = std::min(most, steps - done);
    sampling::run_transitions(
        ExecutionSpace(), model_.energy(), target_,
        sampling::transition_settings(tested_moves(settings_.moves), settings_.leapfrogs),
        static_cast<int>(count), 0.0, keys, static_cast<std::uint32_t>(segments_), state_, tally_,
        Kokkos::View<const Scalar*, core::MemorySpace>(step_lengths_));
    if (is_tempered()) exchange();
  }
  transitions_ += steps;
}

/// Every rank knows all energies and decides alike, so that ladders may lie across ranks.
template <class Scalar>
void ChainRun<Scalar>::exchange() {
  const std::vector<Scalar> own = to_host(state_.energy);
  const std::vector<double> energies = communicator_.gather_all(std::vector<double>(own.begin(), own.end()));
  ladder_.exchange(settings_.seed, rounds_++, 0, energies, levels_, tried_, accepted_);
  upload_levels();
}

template <class Scalar>
void ChainRun<Scalar>::advance(std::int64_t steps) {
  if (settings_.moves == MoveKind::langevin) {
    run_langevin(model_.energy(), settings_.step_size, steps);
  } else {
    run_transitions(steps);
  }
}

/// Of the transition in the tally, the mean over the replicas at each temperature, which were at the levels
/// `at`; the same bits on any number of ranks, since the probabilities are added as integers.
template <class Scalar>
std::vector<double> ChainRun<Scalar>::mean_acceptance(const std::vector<std::int64_t>& at) const {
  constexpr double unit = 0x1p32;
  const auto levels = static_cast<std::size_t>(settings_.replicas());
  std::vector<std::int64_t> sums(levels);
  const std::vector<Scalar> acceptance = to_host(tally_.acceptance);
  for (std::size_t row = 0; row < acceptance.size(); ++row) {
    const auto level = static_cast<std::size_t>(at[static_cast<std::size_t>(replicas_.first) + row]);
    sums[level] += std::llround(static_cast<double>(acceptance[row]) * unit);
  }
  communicator_.sum(std::span(sums));
  std::vector<double> means;
  for (const std::int64_t sum : sums)
    means.push_back(static_cast<double>(sum) / (unit * static_cast<double>(chains_)));
  return means;
}

template <class Scalar>
void ChainRun<Scalar>::warm_up(std::int64_t steps, double target) {
  if (steps == 0 || settings_.moves == MoveKind::langevin) return advance(steps);
  std::vector<sampling::DualAveraging> searches;
  for (const double length : lengths_) searches.emplace_back(length, target);
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::size_t level = 0; level < searches.size(); ++level)
      lengths_[level] = searches[level].step_size();
    upload_levels();
    Kokkos::deep_copy(tally_.acceptance, Scalar(0));
    const std::vector<std::int64_t> levels = levels_;  // which an exchange may change
    run_transitions(1);
    const std::vector<double> acceptance = mean_acceptance(levels);
    for (std::size_t level = 0; level < searches.size(); ++level) searches[level].update(acceptance[level]);
  }
  for (std::size_t level = 0; level < searches.size(); ++level) lengths_[level] = searches[level].result();
  upload_levels();
  Kokkos::deep_copy(tally_.acceptance, Scalar(0));
  Kokkos::deep_copy(tally_.divergences, Scalar(0));
  transitions_ = 0;
}

template <class Scalar>
void ChainRun<Scalar>::check_finite(const std::vector<Scalar>& x) const {
  communicator_.together([&] {
    const auto bad = std::ranges::find_if(x, [](Scalar value) { return !std::isfinite(value); });
    if (bad == x.end()) return;
    const std::int64_t replica =
        replicas_.first + (bad - x.begin()) / static_cast<std::int64_t>(state_.x.extent(1));
    throw core::DivergenceError("chain " + std::to_string(replica / settings_.replicas()) +
                                " ran away to infinity (its steps are too long for the slope of the energy, "
                                "or the energy falls for ever); use a smaller --step-size or fewer --steps");
  });
}

template <class Scalar>
ChainStates<Scalar> ChainRun<Scalar>::states() {
  refresh();
  const std::vector<Scalar> x = to_host(state_.x), energy = to_host(state_.energy);
  const std::vector<Scalar> acceptance = to_host(tally_.acceptance);
  const std::vector<Scalar> divergences = to_host(tally_.divergences);
  check_finite(x);
  const std::int64_t count = settings_.replicas();
  const auto dimension = static_cast<std::size_t>(model_.transform.model_dimension());
  ChainStates<Scalar> result;
  for (std::size_t row = 0; row < energy.size(); ++row) {
    const std::int64_t replica = replicas_.first + static_cast<std::int64_t>(row);
    if (levels_[static_cast<std::size_t>(replica)] != 0) continue;
    if (result.energy.empty()) result.chains.first = replica / count;
    result.chains.last = replica / count + 1;
    const auto at = x.begin() + static_cast<std::ptrdiff_t>(row * dimension);
    result.model_x.insert(result.model_x.end(), at, at + static_cast<std::ptrdiff_t>(dimension));
    result.energy.push_back(energy[row]);
    const bool tested = settings_.moves != MoveKind::langevin && transitions_ > 0;
    result.acceptance.push_back(tested ? acceptance[row] / static_cast<Scalar>(transitions_) : Scalar(1));
    result.divergences.push_back(static_cast<std::int64_t>(divergences[row]));
  }
  const std::vector<double> z(result.model_x.begin(), result.model_x.end());
  std::vector<double> data(result.energy.size() * static_cast<std::size_t>(model_.transform.dimension()));
  model_.transform.to_data(z, data);
  result.x.assign(data.begin(), data.end());
  Kokkos::deep_copy(tally_.acceptance, Scalar(0));
  Kokkos::deep_copy(tally_.divergences, Scalar(0));
  transitions_ = 0;
  // Another kernel may round in another way. Chains that are read from a file evaluate anew, so all do here.
  is_fresh_ = false;
  return result;
}

template <class Scalar>
std::vector<double> ChainRun<Scalar>::step_sizes() const {
  if (settings_.moves == MoveKind::langevin) return {settings_.step_size};
  std::vector<double> sizes;
  for (std::size_t level = 0; level < lengths_.size(); ++level)
    sizes.push_back(sampling::step_size_of(lengths_[level], tested_moves(settings_.moves),
                                           ladder_.temperatures()[level]));
  return sizes;
}

template <class Scalar>
std::vector<double> ChainRun<Scalar>::exchange_rates() const {
  std::vector<double> rates;
  for (std::size_t pair = 0; pair < tried_.size(); ++pair)
    rates.push_back(
        tried_[pair] == 0 ? 0.0 : static_cast<double>(accepted_[pair]) / static_cast<double>(tried_[pair]));
  return rates;
}

template class ChainRun<float>;
template class ChainRun<double>;

}  // namespace ebmpi::evaluation
