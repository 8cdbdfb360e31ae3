// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "comm/communicator.hpp"
#include "statistics/estimate.hpp"

namespace ebmpi::statistics {

/// Directions along which samples are compared.
struct SliceSettings {
  std::int64_t slices = 256;  ///< at least 2
  std::uint64_t seed = 0;
};

/// Sliced 2-Wasserstein distance between the samples x (N, D) and y (M, D), row-major and whole on every
/// rank: the root of the mean, over unit vectors u, of W₂²(u·x, u·y), each by coupling the quantiles (Bonneel
/// et al. 2015, doi:10.1007/s10851-014-0506-3). The standard error is that of the choice of directions alone;
/// two samples of one distribution are at a distance of O(N^-½). O(slices (N + M) (D + log(N + M))), the
/// slices shared among ranks and threads, on whose number no bit depends. A sample with an entry that is not
/// finite gives NaN. Collective. Throws std::invalid_argument on sizes that are not whole rows, at least two.
Estimate sliced_wasserstein(const comm::Communicator& communicator, std::span<const double> x,
                            std::span<const double> y, std::int64_t dimension,
                            const SliceSettings& settings = {});

}  // namespace ebmpi::statistics
