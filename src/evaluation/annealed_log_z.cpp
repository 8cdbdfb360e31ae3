// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealed_log_z.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/random.hpp"
#include "evaluation/annealing_pilot.hpp"
#include "evaluation/spread_rows.hpp"

namespace ebmpi::evaluation {
namespace {

/// Where in the random streams each run begins; the pilot begins at 0.
constexpr std::uint32_t forward_step = 1u << 20, equilibration_step = 2u << 20, reverse_step = 3u << 20;

/// One run of a direction, and log Z of its weights' unit.
WeightMean weigh(const std::vector<double>& log_weights) {
  const bool has_nan = std::ranges::any_of(log_weights, [](double weight) { return std::isnan(weight); });
  if (has_nan || *std::ranges::max_element(log_weights) == -std::numeric_limits<double>::infinity()) {
    throw core::DivergenceError(
        "annealing met energies that are not numbers (chains ran away, or the model has diverged); raise "
        "--ais-stages, or take an earlier checkpoint");
  }
  return mean_of_weights(log_weights);
}

/// Transitions of the energy itself, in launches of bounded length; returns their acceptance.
template <class Scalar>
double equilibrate(AnnealedChains<Scalar>& chains, double step_size, std::int64_t transitions) {
  double acceptance = 0.0;
  std::uint32_t step = equilibration_step;
  for (std::int64_t done = 0; done < transitions; done += launch_stages) {
    const std::int64_t count = std::min<std::int64_t>(launch_stages, transitions - done);
    acceptance +=
        static_cast<double>(count) * chains.transitions(1.0, step_size, static_cast<int>(count), step++);
  }
  return transitions > 0 ? acceptance / static_cast<double>(transitions) : 0.0;
}

/// Puts both runs together; `result` has each by itself, in units of the base.
void combine(const std::vector<double>& forward, const std::vector<double>& backward, AnnealedLogZ& result) {
  result.estimate = acceptance_ratio(forward, backward);
  const auto [value, standard_error] = result.estimate;
  const LogRatio& below = result.forward.log_mean;
  const LogRatio& above = result.reverse->log_mean;
  const double low = below.value - 2.0 * below.standard_error;
  const double high = -above.value + 2.0 * above.standard_error;
  result.lower = std::min({low, high, value - 2.0 * standard_error});
  result.upper = std::max({low, high, value + 2.0 * standard_error});
}

/// From the unit of the base to that of model space.
void shift(AnnealedLogZ& result, double log_partition) {
  result.estimate.value += log_partition;
  result.lower += log_partition;
  result.upper += log_partition;
  result.forward.log_mean.value += log_partition;
  if (result.reverse) result.reverse->log_mean.value -= log_partition;
}

}  // namespace

double AnnealedLogZ::sides_apart() const {
  if (!reverse) return std::numeric_limits<double>::quiet_NaN();
  return std::abs(forward.log_mean.value + reverse->log_mean.value) /
         std::hypot(forward.log_mean.standard_error, reverse->log_mean.standard_error);
}

template <class Scalar>
AnnealedLogZ annealed_log_z(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                            const std::type_identity_t<AnnealingSpace<Scalar>>& space,
                            const AnnealingSettings& settings, ReverseStart start,
                            const std::vector<double>& rows) {
  const network::EnergyModel<Scalar> energy = space.energy_of(model);
  const AnnealingMoves moves{1.0 / model.temperature, settings.leapfrogs, settings.seed};
  const std::int64_t dimension = energy.dimension();
  AnnealedLogZ result;
  {
    AnnealedChains<Scalar> pilot(communicator, energy, moves, pilot_chains);
    result.schedule = find_schedule(pilot, settings.stages, settings.seed);
  }
  AnnealedChains<Scalar> there(communicator, energy, moves, settings.chains);
  there.start_from_base(forward_step);
  const std::vector<double> forward = there.anneal(result.schedule, Direction::to_energy, forward_step);
  result.forward = weigh(forward);
  result.forward_chains = settings.chains;

  std::vector<double> starts;  // (M, K), in u
  if (start == ReverseStart::rows) {
    const auto count = static_cast<std::int64_t>(rows.size()) / dimension;
    starts =
        space.from_model(pick_rows(rows, dimension, spread_numbers(count, std::min(count, settings.chains))));
  } else {
    const core::PhiloxKey key = core::stream_key(settings.seed, core::Purpose::resampling);
    starts = pick_rows(there.positions(), dimension, resample(forward, settings.chains, key, forward_step));
  }
  AnnealedChains<Scalar> back(communicator, energy, moves,
                              static_cast<std::int64_t>(starts.size()) / dimension);
  back.start_from(starts);
  result.acceptance = equilibrate(back, result.schedule.step_sizes.back(), settings.equilibration);
  result.samples = space.to_model(back.positions());
  if (start == ReverseStart::none) {
    result.estimate = result.forward.log_mean;
    result.lower = result.estimate.value - 2.0 * result.estimate.standard_error;
  } else {
    const std::vector<double> backward = back.anneal(result.schedule, Direction::to_base, reverse_step);
    result.reverse = weigh(backward);
    result.reverse_chains = back.chains();
    combine(forward, backward, result);
  }
  shift(result, space.log_partition(dimension));
  return result;
}

#define EBMPI_INSTANTIATE(Scalar)                                                                 \
  template AnnealedLogZ annealed_log_z(const comm::Communicator&, const training::Model<Scalar>&, \
                                       const AnnealingSpace<Scalar>&, const AnnealingSettings&,   \
                                       ReverseStart, const std::vector<double>&);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::evaluation
