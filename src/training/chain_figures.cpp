// SPDX-License-Identifier: Apache-2.0
#include "training/chain_figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "comm/exact_sum.hpp"
#include "config/derived.hpp"
#include "statistics/chain_diagnostics.hpp"

namespace ebmpi::training {

namespace {

using sampling::EnergyRecord;

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// Data with jitter reach this many of its standard deviations beyond the range of the rows.
constexpr double jitter_reach = 4.0;

/// Check-ins that an R-hat is made of at least.
constexpr std::int64_t fewest_draws = 8;

/// The sums over the chains of a step, and over the population, one after another.
enum Sum { norm, virial, outside, rows, age, chains, ancestors, pairs, a, b, aa, bb, ab, sums };

template <class View>
auto to_host(const View& view) {
  return Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
}

/// Host copies of what the sums are made of.
template <class Scalar>
class ChainSums {
public:
  ChainSums(const comm::ShardMap& shards, const config::RunConfig& config,
            const data::ModelSpaceMoments& moments, const core::Rows<Scalar>& x, std::int64_t step,
            const Negatives<Scalar>& negatives)
      : shards_(shards),
        config_(config),
        moments_(moments),
        step_(step),
        negatives_(negatives),
        x_(to_host(x)),
        norms_(to_host(negatives.watch().gradient_norm)),
        virial_(to_host(negatives.watch().virial)) {
    if (!negatives.population()) return;
    age_ = to_host(negatives.population()->age());
    last_ = to_host(negatives.record().last());
    before_ = to_host(negatives.record().before());
  }

  std::vector<double> of(std::int64_t shard) const {
    std::vector<double> total(sums, 0.0);
    const comm::IndexRange slice = shards_.slice(config_.optimizer.batch_size, shard);
    const std::int64_t first = shards_.owned_slice(config_.optimizer.batch_size).first;
    for (std::int64_t row = slice.first - first; row < slice.last - first; ++row) {
      total[norm] += norms_(row);
      total[virial] += virial_(row);
      total[outside] += is_outside(row) ? 1.0 : 0.0;
      total[rows] += 1.0;
    }
    if (negatives_.population()) add_population(shard, total);
    return total;
  }

private:
  template <class View>
  using HostCopy = decltype(to_host(std::declval<View>()));

  bool is_outside(std::int64_t row) const {
    const double margin = jitter_reach * config_.data.jitter;
    bool outside = false;
    for (std::size_t d = 0; d < x_.extent(1); ++d)
      outside |= x_(row, d) < moments_.minimum[d] - margin || x_(row, d) > moments_.maximum[d] + margin;
    return outside;
  }

  /// A chain is an ancestor where its lineage is older than the last `log_every` steps. The energies of one
  /// that began anew at its last use are no pair.
  void add_population(std::int64_t shard, std::vector<double>& total) const {
    const auto local = static_cast<std::size_t>(shard - shards_.owned().first);
    const data::ShardSlice& own = negatives_.population_slices()[local];
    core::BatchSlot slot;
    slot.size = own.size;
    slot.share = shards_.slice(config_.optimizer.batch_size, shard).size();
    const std::int64_t start = std::max<std::int64_t>(0, step_ - config_.run.log_every);
    for (std::int64_t object = 0; object < own.size; ++object) {
      const std::int64_t chain = own.local_first + object;
      const std::int64_t recent = visits_until(slot, object, step_) - visits_until(slot, object, start);
      total[age] += static_cast<double>(age_(chain));
      total[chains] += 1.0;
      total[ancestors] += age_(chain) > recent * config_.sampler.steps ? 1.0 : 0.0;
      const double now = last_(chain), then = before_(chain);
      if (std::isnan(now) || std::isnan(then)) continue;
      total[pairs] += 1.0;
      total[a] += then;
      total[b] += now;
      total[aa] += then * then;
      total[bb] += now * now;
      total[ab] += then * now;
    }
  }

  const comm::ShardMap& shards_;
  const config::RunConfig& config_;
  const data::ModelSpaceMoments& moments_;
  std::int64_t step_;
  const Negatives<Scalar>& negatives_;
  HostCopy<core::Rows<Scalar>> x_;
  HostCopy<Kokkos::View<Scalar*, core::MemorySpace>> norms_, virial_, last_, before_;
  HostCopy<Kokkos::View<std::int64_t*, core::MemorySpace>> age_;
};

/// (followed chains of this rank, 1 + length): how often each was written back until `step`, then its
/// energies, the newest first; NaN where there is none.
template <class Scalar>
std::vector<double> own_histories(const comm::ShardMap& shards, const config::RunConfig& config,
                                  std::int64_t step, const Negatives<Scalar>& negatives) {
  constexpr std::int64_t length = EnergyRecord<Scalar>::length;
  const auto history = to_host(negatives.record().history());
  std::vector<double> result;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard) {
    const data::ShardSlice& own =
        negatives.population_slices()[static_cast<std::size_t>(shard - shards.owned().first)];
    core::BatchSlot slot;
    slot.size = own.size;
    slot.share = shards.slice(config.optimizer.batch_size, shard).size();
    for (std::int64_t object = 0; object < own.size; ++object) {
      const std::int64_t chain = own.local_first + object;
      if (chain >= static_cast<std::int64_t>(history.extent(0))) return result;
      const std::int64_t visits = visits_until(slot, object, step);
      result.push_back(static_cast<double>(visits));
      for (std::int64_t back = 1; back <= length; ++back)
        result.push_back(back <= visits ? static_cast<double>(history(chain, (visits - back) % length))
                                        : undefined);
    }
  }
  return result;
}

/// R-hat of the followed chains' energies. While a network trains, the energies of all chains drift together;
/// their mean at each check-in is taken off, so that what is left tells the chains apart.
template <class Scalar>
void measure_mixing(const comm::Communicator& communicator, const comm::ShardMap& shards,
                    const config::RunConfig& config, std::int64_t step, const Negatives<Scalar>& negatives,
                    ChainMetrics& metrics) {
  constexpr std::size_t length = EnergyRecord<Scalar>::length, stride = length + 1;
  const std::vector<double> own = own_histories(shards, config, step, negatives);
  const std::vector<double> all = communicator.gather_all(own);
  const std::size_t count = all.size() / stride;
  std::size_t draws = length;
  for (std::size_t chain = 0; chain < count; ++chain)
    draws = std::min(draws, static_cast<std::size_t>(all[chain * stride]));
  metrics.r_hat = undefined;
  metrics.r_hat_draws = static_cast<std::int64_t>(draws);
  if (metrics.r_hat_draws < fewest_draws) return;
  std::vector<double> means(draws, 0.0), energies;
  for (std::size_t chain = 0; chain < count; ++chain) {
    for (std::size_t back = 0; back < draws; ++back)
      means[back] += all[chain * stride + 1 + back] / static_cast<double>(count);
  }
  for (std::size_t chain = 0; chain < count; ++chain) {
    for (std::size_t back = draws; back-- > 0;)
      energies.push_back(all[chain * stride + 1 + back] - means[back]);
  }
  metrics.r_hat = statistics::diagnose_chains(energies, static_cast<std::int64_t>(count)).r_hat;
}

}  // namespace

double correlation(double count, double a, double b, double aa, double bb, double ab) {
  if (count < 3.0) return undefined;
  const double covariance = ab - a * b / count;
  return covariance / std::sqrt((aa - a * a / count) * (bb - b * b / count));
}

std::int64_t visits_until(const core::BatchSlot& slot, std::int64_t object, std::int64_t step) {
  return (step * slot.share - object + slot.size - 1) / slot.size;
}

ChainMetrics chain_form(const config::RunConfig& config) {
  ChainMetrics form;
  if (!config::is_untested(config)) {
    form.acceptance = 0.0;
    form.step_size = 0.0;
  }
  if (config::is_tempered(config)) form.exchange_rate = 0.0;
  if (config::is_persistent(config)) {
    form.ancestors = 0.0;
    form.autocorrelation = 0.0;
    form.r_hat = 0.0;
  }
  return form;
}

template <class Scalar>
ChainMetrics measure_chains(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            const config::RunConfig& config, const data::ModelSpaceMoments& moments,
                            const core::Rows<Scalar>& x, std::int64_t step,
                            const Negatives<Scalar>& negatives) {
  const ChainSums<Scalar> local(shards, config, moments, x, step, negatives);
  std::vector<std::vector<double>> partials;
  for (std::int64_t shard = shards.owned().first; shard < shards.owned().last; ++shard)
    partials.push_back(local.of(shard));
  const std::vector<double> total = comm::sum_over_shards(communicator, shards, sums, partials);
  ChainMetrics metrics = chain_form(config);
  metrics.gradient_norm = total[norm] / total[rows];
  metrics.equipartition =
      total[virial] / total[rows] / (static_cast<double>(x.extent(1)) * negatives.temperature());
  metrics.outside = total[outside] / total[rows];
  metrics.age = negatives.steps();
  if (negatives.population()) {
    metrics.age = total[age] / total[chains];
    metrics.ancestors = total[ancestors] / total[chains];
    metrics.autocorrelation = correlation(total[pairs], total[a], total[b], total[aa], total[bb], total[ab]);
    measure_mixing(communicator, shards, config, step, negatives, metrics);
  }
  if (const TestedChains<Scalar>* const tested = negatives.tested()) {
    metrics.acceptance = tested->acceptance(communicator);
    metrics.step_size = tested->step_size();
    if (metrics.exchange_rate) metrics.exchange_rate = tested->exchange_rate(communicator);
  }
  return metrics;
}

template ChainMetrics measure_chains(const comm::Communicator&, const comm::ShardMap&,
                                     const config::RunConfig&, const data::ModelSpaceMoments&,
                                     const core::Rows<float>&, std::int64_t, const Negatives<float>&);
template ChainMetrics measure_chains(const comm::Communicator&, const comm::ShardMap&,
                                     const config::RunConfig&, const data::ModelSpaceMoments&,
                                     const core::Rows<double>&, std::int64_t, const Negatives<double>&);

}  // namespace ebmpi::training
