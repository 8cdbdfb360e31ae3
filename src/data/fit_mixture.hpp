// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "data/gaussian_mixture.hpp"
#include "data/training_data.hpp"

namespace ebmpi::data {

struct MixtureSettings {
  std::int64_t components = 1;
  Covariance covariance = Covariance::full;
  std::uint64_t seed = 1;
  int most_iterations = 100;
  double tolerance = 1e-5;  ///< EM ends where the mean log likelihood of a row gains less, in nats
};

/// The mixture of largest likelihood that is found: one component in closed form, more by expectation
/// maximisation (Dempster, Laird and Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x) from a start by
/// k-means. Every variance is raised by 1e-6 of that of all rows in the same coordinate, so that components
/// on a point or a plane keep a density. Collective; the same bits on any number of ranks.
///
/// `rows` has the rows (rows, D) of each owned shard, row-major. All are used: an iteration takes about C·D²
/// multiply-adds a row, or C·D with diagonal covariances. Throws core::InputError for fewer rows than
/// components or numbers that are not finite.
GaussianMixture fit_mixture(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            std::int64_t dimension, const std::vector<std::vector<double>>& rows,
                            const MixtureSettings& settings);

/// Fitted to at most 20000 training rows in model space, evenly spaced within each shard's part: a function
/// of the config and the data, which bounds the time to start: about 20 ms an iteration for 16 full
/// components in 10 dimensions.
template <class Scalar>
GaussianMixture fit_mixture(const comm::Communicator& communicator, const comm::ShardMap& shards,
                            const TrainingData<Scalar>& data, const MixtureSettings& settings);

}  // namespace ebmpi::data
