// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ebmpi::statistics {

/// Chains of one length, one after another.
struct Chains {
  std::vector<double> values;  // (chains, length)
  std::size_t length = 0;

  std::size_t count() const { return values.size() / length; }
  std::span<double> operator[](std::size_t chain) {
    return std::span(values).subspan(chain * length, length);
  }
  std::span<const double> operator[](std::size_t chain) const {
    return std::span(values).subspan(chain * length, length);
  }
};

/// Mean and variance of finite `values`, not empty; the variance has the divisor n - 1 and is exactly 0 where
/// all are equal.
struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};
Moments moments(std::span<const double> values);

/// How many independent draws would tell the mean as well as these at least two chains do, each of length >=
/// 2: autocorrelations of all chains together, summed over Geyer's initial monotone sequence (Geyer 1992,
/// doi:10.1214/ss/1177011137; equations 10 to 13 of Vehtari et al. 2021, doi:10.1214/20-BA1221). At most n
/// log10 n for n draws; n where no two draws differ; NaN where their squares overflow.
double effective_sample_size(Chains chains);

}  // namespace ebmpi::statistics
