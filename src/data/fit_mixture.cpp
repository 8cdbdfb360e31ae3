// SPDX-License-Identifier: Apache-2.0
#include "data/fit_mixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.hpp"
#include "data/mixture_start.hpp"
#include "data/mixture_sums.hpp"

namespace ebmpi::data {
namespace {

constexpr double relative_floor = 1e-6;   // of a variance
constexpr double smallest_weight = 1e-6;  // of a component

/// A covariance as MixtureSums holds products: its lower triangle row by row, or its diagonal.
using PackedCovariance = std::vector<double>;

std::size_t diagonal_position(std::size_t i, Covariance covariance) {
  return covariance == Covariance::full ? i * (i + 3) / 2 : i;
}

/// Σ r (x - m)(x - m)ᵀ / Σ r about the mean of the rows rather than about the m of the sums.
PackedCovariance covariance_of(const MixtureSums& sums, std::size_t component, Covariance covariance) {
  const double share = sums.share(component);
  const std::span<const double> deviations = sums.deviations(component), products = sums.products(component);
  PackedCovariance packed(products.begin(), products.end());
  std::size_t position = 0;
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    for (std::size_t j = covariance == Covariance::full ? 0 : i; j <= i; ++j, ++position)
      packed[position] = packed[position] / share - deviations[i] / share * (deviations[j] / share);
  }
  return packed;
}

/// The lower Cholesky factor (D, D) of the covariance with `floor` (D) added to its diagonal. A covariance
/// has no negative eigenvalue, so in exact arithmetic no pivot is below the floor; rounding must not make one
/// so.
std::vector<double> lower_factor(const PackedCovariance& packed, Covariance covariance,
                                 const std::vector<double>& floor) {
  const std::size_t n = floor.size();
  std::vector<double> factor(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    double* const row = &factor[i * n];
    double pivot = packed[diagonal_position(i, covariance)] + floor[i];
    if (covariance == Covariance::full) {
      for (std::size_t j = 0; j < i; ++j) {
        double value = packed[i * (i + 1) / 2 + j];
        for (std::size_t k = 0; k < j; ++k) value -= row[k] * factor[j * n + k];
        row[j] = value / factor[j * n + j];
        pivot -= row[j] * row[j];
      }
    }
    row[i] = std::sqrt(std::max(pivot, floor[i]));
  }
  return factor;
}

void move_mean(GaussianMixture& mixture, const MixtureSums& sums, std::size_t component) {
  const std::span<const double> deviations = sums.deviations(component);
  double* const mean = &mixture.means[component * deviations.size()];
  for (std::size_t i = 0; i < deviations.size(); ++i) mean[i] += deviations[i] / sums.share(component);
}

void set_factor(GaussianMixture& mixture, std::size_t component, const std::vector<double>& factor) {
  std::ranges::copy(factor, mixture.factors.begin() + static_cast<std::ptrdiff_t>(component * factor.size()));
}

void set_weights(GaussianMixture& mixture, const MixtureSums& sums) {
  for (std::size_t c = 0; c < mixture.weights.size(); ++c)
    mixture.weights[c] = std::max(sums.share(c) / sums.rows(), smallest_weight);
  const double total = std::accumulate(mixture.weights.begin(), mixture.weights.end(), 0.0);
  for (double& weight : mixture.weights) weight /= total;
}

/// The maximisation step. A component that has lost its rows stays where it is.
void maximise(GaussianMixture& mixture, const MixtureSums& sums, const std::vector<double>& floor) {
  for (std::size_t c = 0; c < mixture.weights.size(); ++c) {
    if (sums.share(c) < smallest_weight * sums.rows()) continue;
    move_mean(mixture, sums, c);
    const PackedCovariance packed = covariance_of(sums, c, mixture.covariance);
    set_factor(mixture, c, lower_factor(packed, mixture.covariance, floor));
  }
  set_weights(mixture, sums);
}

/// The variance of each coordinate over all rows.
std::vector<double> variances_of(const MixtureSums& sums, Covariance covariance) {
  const PackedCovariance packed = covariance_of(sums, 0, covariance);
  std::vector<double> variances;
  for (std::size_t i = 0; i < sums.deviations(0).size(); ++i)
    variances.push_back(std::max(0.0, packed[diagonal_position(i, covariance)]));
  return variances;
}

/// Per coordinate, so that the fit does not depend on their units; one that does not vary takes its floor
/// from the others.
std::vector<double> variance_floor(const std::vector<double>& variances) {
  const double mean =
      std::accumulate(variances.begin(), variances.end(), 0.0) / static_cast<double>(variances.size());
  const double smallest = std::max(relative_floor * mean, 1e-12);
  std::vector<double> floor;
  for (const double variance : variances) floor.push_back(relative_floor * std::max(variance, smallest));
  return floor;
}

void check_rows(const MixtureSums& sums, std::int64_t components) {
  if (!std::ranges::all_of(sums.all(), [](double sum) { return std::isfinite(sum); })) {
    throw core::InputError(
        "the training rows have numbers that are not finite, or too large to be squared (no Gaussian can be "
        "fitted to them); remove or rescale them");
  }
  if (components >= 1 && sums.rows() >= static_cast<double>(components)) return;
  throw core::InputError(fmt::format(
      "a mixture of {} Gaussians cannot be fitted to {:.0f} training rows (each needs one of its own, and "
      "there must be one at least); set objective.noise_components to at most the number of rows",
      components, sums.rows()));
}

/// The start of EM: the means of k-means, each with its share of the rows, and for all of them the pooled
/// covariance within the clusters, since that of one small cluster would be singular.
GaussianMixture start_of(const ShardedRows& rows, const MixtureSettings& settings,
                         const std::vector<double>& variances, const std::vector<double>& floor) {
  const auto components = static_cast<std::size_t>(settings.components);
  std::vector<double> units;
  for (std::size_t i = 0; i < floor.size(); ++i) units.push_back(variances[i] + floor[i]);
  GaussianMixture mixture;
  mixture.dimension = rows.dimension;
  mixture.covariance = settings.covariance;
  mixture.means = start_means(rows, settings.components, units, settings.seed);
  mixture.weights.resize(components);
  mixture.factors.resize(components * floor.size() * floor.size());
  const MixtureSums sums =
      sum_over_rows(rows, mixture, settings.covariance, NearestMean(mixture.means, units));
  PackedCovariance within(sums.products(0).size(), 0.0);
  for (std::size_t c = 0; c < components; ++c) {
    if (sums.share(c) == 0.0) continue;
    const PackedCovariance packed = covariance_of(sums, c, settings.covariance);
    for (std::size_t i = 0; i < within.size(); ++i) within[i] += sums.share(c) / sums.rows() * packed[i];
    move_mean(mixture, sums, c);
  }
  const std::vector<double> factor = lower_factor(within, settings.covariance, floor);
  for (std::size_t c = 0; c < components; ++c) set_factor(mixture, c, factor);
  set_weights(mixture, sums);
  return mixture;
}

}  // namespace

GaussianMixture fit_mixture(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            std::int64_t dimension, const std::vector<std::vector<double>>& values,
                            const MixtureSettings& settings) {
  const ShardedRows rows{communicator, shards, dimension, values};
  const auto size = static_cast<std::size_t>(dimension);
  const auto everything = [](std::span<const double>, std::span<double> shares) {
    shares[0] = 1.0;
    return 0.0;
  };
  GaussianMixture mixture{dimension,
                          settings.covariance,
                          {1.0},
                          std::vector<double>(size, 0.0),
                          std::vector<double>(size * size)};
  const MixtureSums about_origin = sum_over_rows(rows, mixture, Covariance::diagonal, everything);
  check_rows(about_origin, settings.components);
  move_mean(mixture, about_origin, 0);
  const MixtureSums about_mean = sum_over_rows(rows, mixture, settings.covariance, everything);
  const std::vector<double> variances = variances_of(about_mean, settings.covariance);
  const std::vector<double> floor = variance_floor(variances);
  if (settings.components == 1) {
    maximise(mixture, about_mean, floor);
    return mixture;
  }
  mixture = start_of(rows, settings, variances, floor);
  double before = -std::numeric_limits<double>::infinity();
  for (int iteration = 0; iteration < settings.most_iterations; ++iteration) {
    MixtureDensity density(mixture);
    const MixtureSums sums = sum_over_rows(
        rows, mixture, settings.covariance,
        [&](std::span<const double> x, std::span<double> shares) { return density(x, shares); });
    const double mean_log_likelihood = sums.log_likelihood() / sums.rows();
    if (mean_log_likelihood - before < settings.tolerance) break;
    before = mean_log_likelihood;
    maximise(mixture, sums, floor);
  }
  return mixture;
}

template <class Scalar>
GaussianMixture fit_mixture(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            const TrainingData<Scalar>& data, const MixtureSettings& settings) {
  return fit_mixture(communicator, shards, data.dimension(), data.spread_rows(), settings);
}

template GaussianMixture fit_mixture(const comm::Communicator&, const comm::ShardMap&,
                                     const TrainingData<float>&, const MixtureSettings&);
template GaussianMixture fit_mixture(const comm::Communicator&, const comm::ShardMap&,
                                     const TrainingData<double>&, const MixtureSettings&);

}  // namespace ebmpi::data
