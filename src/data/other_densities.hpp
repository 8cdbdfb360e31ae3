// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data/synthetic.hpp"

namespace ebmpi::data {

/// Uniform on the 8 cells 2 × 2 of [-4, 4]² with ⌊x/2⌋ + ⌊y/2⌋ even.
class Checkerboard final : public Density {
public:
  std::string_view name() const override { return "checkerboard"; }
  std::int64_t dimension() const override { return 2; }
  std::optional<double> log_density(std::span<const double> x) const override;

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;
};

/// Five Gaussian blades, turned by an angle that depends on the radius alone. That map keeps areas, so the
/// density is the sum of the untwisted Gaussians' at the turned-back point.
class Pinwheel final : public Density {
public:
  explicit Pinwheel(double noise) : tangential_(noise) {}

  std::string_view name() const override { return "pinwheel"; }
  std::int64_t dimension() const override { return 2; }
  std::optional<double> log_density(std::span<const double> x) const override;

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;

  double tangential_;  ///< standard deviation across a blade
};

/// exp(-(x₀² - 1)²/(8σ²)) times N(0, σ²) for each of the other coordinates.
class DoubleWell final : public Density {
public:
  DoubleWell(std::int64_t dimension, double noise);

  std::string_view name() const override { return "double_well"; }
  std::int64_t dimension() const override { return dimension_; }
  std::optional<double> log_density(std::span<const double> x) const override;

  double noise() const { return noise_; }
  /// log ∫ exp(-(t² - 1)²/(8σ²)) dt, by quadrature to 1e-12.
  double log_partition() const { return log_partition_; }

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;
  double well(double x) const;

  std::int64_t dimension_;
  double noise_;
  double log_partition_;
};

/// Neal's funnel: N(x₀; 0, σ²) Π_{d>0} N(x_d; 0, exp(x₀)).
class Funnel final : public Density {
public:
  Funnel(std::int64_t dimension, double noise) : dimension_(dimension), noise_(noise) {}

  std::string_view name() const override { return "funnel"; }
  std::int64_t dimension() const override { return dimension_; }
  std::optional<double> log_density(std::span<const double> x) const override;

  double noise() const { return noise_; }

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;

  std::int64_t dimension_;
  double noise_;
};

}  // namespace ebmpi::data
