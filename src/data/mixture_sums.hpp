// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "comm/exact_sum.hpp"
#include "data/gaussian_mixture.hpp"

namespace ebmpi::data {

/// Rows that the ranks hold together.
struct ShardedRows {
  const comm::Communicator& communicator;
  const comm::ShardMap& shards;
  std::int64_t dimension;
  const std::vector<std::vector<double>>& values;  // for each owned shard (rows, D), row-major

  std::span<const double> row(std::size_t shard, std::size_t index) const {
    const auto size = static_cast<std::size_t>(dimension);
    return std::span<const double>(values[shard]).subspan(index * size, size);
  }
  std::size_t rows(std::size_t shard) const {
    return values[shard].size() / static_cast<std::size_t>(dimension);
  }
};

/// Sums over all rows x with the shares r_c(x) that components c have in them, about the components' means
/// m_c: what one step of EM or of k-means learns from the data.
class MixtureSums {
public:
  MixtureSums(std::int64_t components, std::int64_t dimension, Covariance covariance)
      : dimension_(static_cast<std::size_t>(dimension)),
        products_(covariance == Covariance::full ? dimension_ * (dimension_ + 1) / 2 : dimension_),
        sums_(2 + static_cast<std::size_t>(components) * stride(), 0.0),
        deviation_(dimension_) {}

  double rows() const { return sums_[0]; }
  double log_likelihood() const { return sums_[1]; }
  /// Σ r_c.
  double share(std::size_t component) const { return sums_[offset(component)]; }
  /// Σ r_c (x - m_c), (D).
  std::span<const double> deviations(std::size_t component) const {
    return std::span<const double>(sums_).subspan(offset(component) + 1, dimension_);
  }
  /// Σ r_c (x - m_c)(x - m_c)ᵀ: the lower triangle row by row, (D (D + 1) / 2), or the diagonal (D).
  std::span<const double> products(std::size_t component) const {
    return std::span<const double>(sums_).subspan(offset(component) + 1 + dimension_, products_);
  }
  const std::vector<double>& all() const { return sums_; }

  /// Adds the row x with the component's share in it.
  void add(std::size_t component, double share, std::span<const double> x, const double* mean) {
    double* const deviation_sums = &sums_[offset(component) + 1];
    double* products = deviation_sums + dimension_;
    sums_[offset(component)] += share;
    for (std::size_t i = 0; i < dimension_; ++i) {
      deviation_[i] = x[i] - mean[i];
      const double weighted = share * deviation_[i];
      deviation_sums[i] += weighted;
      if (products_ == dimension_) {
        products[i] += weighted * deviation_[i];
      } else {
        for (std::size_t j = 0; j <= i; ++j) products[j] += weighted * deviation_[j];
        products += i + 1;
      }
    }
  }
  void count_row(double log_likelihood) {
    sums_[0] += 1.0;
    sums_[1] += log_likelihood;
  }
  /// Replaces the sums by those over all shards.
  void set(std::vector<double> sums) { sums_ = std::move(sums); }

private:
  std::size_t stride() const { return 1 + dimension_ + products_; }
  std::size_t offset(std::size_t component) const { return 2 + component * stride(); }

  std::size_t dimension_, products_;
  std::vector<double> sums_;       // rows, log likelihood, then for each component Σ r and the two others
  std::vector<double> deviation_;  // (D), workspace
};

/// Collective: the sums about the means of `mixture`, the same bits on any number of ranks. `respond(x,
/// shares)` fills the shares (C) of a row and returns its log likelihood.
template <class Respond>
MixtureSums sum_over_rows(const ShardedRows& rows, const GaussianMixture& mixture, Covariance covariance,
                          Respond respond) {
  const auto components = static_cast<std::size_t>(mixture.components());
  MixtureSums total(mixture.components(), rows.dimension, covariance);
  std::vector<double> shares(components);
  std::vector<std::vector<double>> partials;
  for (std::size_t shard = 0; shard < rows.values.size(); ++shard) {
    MixtureSums sums(mixture.components(), rows.dimension, covariance);
    for (std::size_t i = 0; i < rows.rows(shard); ++i) {
      const std::span<const double> x = rows.row(shard, i);
      sums.count_row(respond(x, std::span<double>(shares)));
      for (std::size_t c = 0; c < components; ++c) {
        if (shares[c] == 0.0) continue;
        sums.add(c, shares[c], x, &mixture.means[c * x.size()]);
      }
    }
    partials.push_back(sums.all());
  }
  total.set(comm::sum_over_shards(rows.communicator, rows.shards, total.all().size(), partials));
  return total;
}

}  // namespace ebmpi::data
