// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealing_pilot.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "evaluation/log_weights.hpp"

namespace ebmpi::evaluation {
namespace {

constexpr int tuning_rounds = 6;         // at a stage
constexpr int first_tuning_rounds = 24;  // at the first, where nothing is known of the step
constexpr double largest_step = 3.0;     // of a leapfrog, which is unstable above 2 for unit variance

/// a E(u) - ½‖u‖² (N): the log weight of a rise of β by δ is -δ times that. Of some it may be infinite.
std::vector<double> slopes_of(std::span<const double> energies, std::span<const double> u) {
  const std::size_t dimension = u.size() / energies.size();
  std::vector<double> slopes;
  for (std::size_t row = 0; row < energies.size(); ++row) {
    double stretch = 0.0;
    for (const double value : u.subspan(row * dimension, dimension)) stretch += 0.5 * value * value;
    slopes.push_back(energies[row] - stretch);
  }
  const bool has_nan = std::ranges::any_of(slopes, [](double slope) { return std::isnan(slope); });
  if (has_nan || !std::isfinite(*std::ranges::min_element(slopes))) {
    throw core::DivergenceError(
        "the energy is not a number at points of the normal distribution that annealing starts from (the "
        "model has diverged, or lies far from the data); give data that are like the model's in --data, or "
        "take an earlier checkpoint");
  }
  return slopes;
}

/// (Σ W w)²/Σ W w² of weights W that add up to 1 and w = exp(-rise · slope): 1 at no rise.
double conditional_size(std::span<const double> log_weights, std::span<const double> slopes, double rise) {
  const double heaviest = *std::ranges::max_element(log_weights);
  const double lowest = *std::ranges::min_element(slopes);
  double total = 0.0, sum = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const double weight = std::exp(log_weights[i] - heaviest);
    const double factor = std::exp(-rise * (slopes[i] - lowest));
    total += weight;
    sum += weight * factor;
    squares += weight * factor * factor;
  }
  return sum * sum / (squares * total);
}

/// The largest rise of β, up to `most`, that leaves the wanted share of the chains effective.
double choose_rise(std::span<const double> log_weights, std::span<const double> slopes, double share,
                   double most) {
  if (conditional_size(log_weights, slopes, most) >= share) return most;
  double low = 0.0, high = most;
  for (int step = 0; step < 60; ++step) {
    const double middle = 0.5 * (low + high);
    (conditional_size(log_weights, slopes, middle) >= share ? low : high) = middle;
  }
  return low;
}

/// However hard the way, it ends: a rise by which the last `stages` stages, each by the same factor, reach 1.
double least_rise(double beta, std::int64_t stages) {
  constexpr double first = 1e-9;
  if (stages <= 1) return 1.0;
  if (beta == 0.0) return first;
  const auto left = static_cast<double>(stages);
  return std::pow(beta, (left - 1.0) / left) - beta;
}

/// A step size that follows the acceptance (Robbins and Monro 1951): the geometric mean over the second half
/// of the rounds.
template <class Scalar>
double tune_step(AnnealedChains<Scalar>& chains, double beta, double step_size, int rounds, double target,
                 std::uint32_t& step) {
  double logarithm = std::log(step_size), sum = 0.0;
  for (int round = 0; round < rounds; ++round) {
    const double acceptance = chains.transitions(beta, std::exp(logarithm), 1, step++);
    logarithm = std::min(logarithm + acceptance - target, std::log(largest_step));
    if (round >= rounds / 2) sum += logarithm;
  }
  return std::exp(sum / (rounds - rounds / 2));
}

/// Evenly along the stages of the pilot.
AnnealingSchedule refine(const AnnealingSchedule& pilot, std::int64_t stages) {
  AnnealingSchedule result;
  for (std::int64_t stage = 0; stage <= stages; ++stage) {
    const double place =
        static_cast<double>(stage) * static_cast<double>(pilot.stages()) / static_cast<double>(stages);
    const auto before =
        static_cast<std::size_t>(std::min(static_cast<std::int64_t>(place), pilot.stages() - 1));
    const double share = place - static_cast<double>(before);
    result.betas.push_back(std::lerp(pilot.betas[before], pilot.betas[before + 1], share));
    result.step_sizes.push_back(std::exp(
        std::lerp(std::log(pilot.step_sizes[before]), std::log(pilot.step_sizes[before + 1]), share)));
  }
  return result;
}

}  // namespace

std::vector<std::size_t> resample(std::span<const double> log_weights, std::int64_t count,
                                  core::PhiloxKey key, std::uint32_t step) {
  const double highest = *std::ranges::max_element(log_weights);
  double total = 0.0;
  for (const double log_weight : log_weights) total += std::exp(log_weight - highest);
  const double start = core::uniform<double>(core::draw(key, 0, step, 0).word[0]);
  std::vector<std::size_t> numbers;
  std::size_t row = 0;
  double passed = std::exp(log_weights[0] - highest);
  for (std::int64_t i = 0; i < count; ++i) {
    const double place = (static_cast<double>(i) + start) / static_cast<double>(count) * total;
    while (passed < place && row + 1 < log_weights.size()) passed += std::exp(log_weights[++row] - highest);
    numbers.push_back(row);
  }
  return numbers;
}

std::vector<double> pick_rows(std::span<const double> rows, std::int64_t dimension,
                              const std::vector<std::size_t>& numbers) {
  const auto size = static_cast<std::size_t>(dimension);
  std::vector<double> picked;
  picked.reserve(numbers.size() * size);
  for (const std::size_t number : numbers) {
    const std::span<const double> row = rows.subspan(number * size, size);
    picked.insert(picked.end(), row.begin(), row.end());
  }
  return picked;
}

template <class Scalar>
AnnealingSchedule find_schedule(AnnealedChains<Scalar>& chains, std::int64_t stages, std::uint64_t seed,
                                const PilotSettings& settings) {
  const core::PhiloxKey resampling = core::stream_key(seed, core::Purpose::resampling);
  std::uint32_t step = 0;
  chains.start_from_base(step++);
  const double start = std::pow(static_cast<double>(chains.dimension()), -0.25);
  AnnealingSchedule pilot{{0.0}, {start}};
  std::vector<double> log_weights(static_cast<std::size_t>(chains.chains()), 0.0);
  while (pilot.betas.back() < 1.0) {
    const double left = 1.0 - pilot.betas.back();
    const std::vector<double> u = chains.positions(), slopes = slopes_of(chains.energies(), u);
    const double least = least_rise(pilot.betas.back(), settings.most_stages - pilot.stages());
    const double rise =
        std::max(std::min(least, left), choose_rise(log_weights, slopes, settings.stage_size, left));
    for (std::size_t i = 0; i < slopes.size(); ++i) log_weights[i] -= rise * slopes[i];
    pilot.betas.push_back(rise >= left ? 1.0 : pilot.betas.back() + rise);
    if (mean_of_weights(log_weights).effective_size < 0.5 * static_cast<double>(chains.chains())) {
      const auto numbers = resample(log_weights, chains.chains(), resampling, step);
      chains.start_from(pick_rows(u, chains.dimension(), numbers));
      std::ranges::fill(log_weights, 0.0);
    }
    const bool is_first = pilot.stages() == 1;
    pilot.step_sizes.push_back(tune_step(chains, pilot.betas.back(), pilot.step_sizes.back(),
                                         is_first ? first_tuning_rounds : tuning_rounds,
                                         settings.target_acceptance, step));
    if (is_first) pilot.step_sizes.front() = pilot.step_sizes.back();
  }
  return refine(pilot, stages);
}

template AnnealingSchedule find_schedule(AnnealedChains<float>&, std::int64_t, std::uint64_t,
                                         const PilotSettings&);
template AnnealingSchedule find_schedule(AnnealedChains<double>&, std::int64_t, std::uint64_t,
                                         const PilotSettings&);

}  // namespace ebmpi::evaluation
