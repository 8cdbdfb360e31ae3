// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "data/synthetic.hpp"

namespace ebmpi::data {

/// Σ_k w_k N(μ_k, σ²·I). Component means (K, D) row-major; weights (K) positive, normalised here.
class IsotropicMixture final : public Density {
public:
  IsotropicMixture(std::string_view name, std::int64_t dimension, std::vector<double> means,
                   std::vector<double> weights, double standard_deviation);

  std::string_view name() const override { return name_; }
  std::int64_t dimension() const override { return dimension_; }
  std::optional<double> log_density(std::span<const double> x) const override;

  const std::vector<double>& weights() const { return weights_; }  ///< (K), of sum 1
  std::span<const double> mean(std::size_t component) const;       ///< (D)
  double standard_deviation() const { return standard_deviation_; }

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;

  std::string_view name_;
  std::int64_t dimension_;
  std::vector<double> means_;
  std::vector<double> weights_;
  double standard_deviation_;
};

/// N(0, C) with C_ij = ρ^|i-j|: the first-order autoregressive process x_i = ρ x_{i-1} + √(1 - ρ²) n_i, whose
/// log density therefore costs O(D).
class AutoregressiveGaussian final : public Density {
public:
  AutoregressiveGaussian(std::string_view name, std::int64_t dimension, double correlation);

  std::string_view name() const override { return name_; }
  std::int64_t dimension() const override { return dimension_; }
  std::optional<double> log_density(std::span<const double> x) const override;

  double correlation() const { return correlation_; }
  double innovation() const { return innovation_; }

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;

  std::string_view name_;
  std::int64_t dimension_;
  double correlation_;
  double innovation_;  ///< standard deviation √(1 - ρ²) of x_i given x_{i-1}
};

std::unique_ptr<Density> eight_gaussians(double noise);
std::unique_ptr<Density> twenty_five_gaussians(double noise);
std::unique_ptr<Density> gaussian(std::int64_t dimension);
std::unique_ptr<Density> gaussian_mixture(std::int64_t dimension, double noise);

}  // namespace ebmpi::data
