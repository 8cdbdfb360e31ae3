// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "data/synthetic.hpp"

namespace ebmpi::data {

/// A point of the plane.
using Point = std::array<double, 2>;

/// How the parameter t of a curve is distributed on [first, last].
enum class ParameterDensity {
  uniform,
  rising  ///< proportional to t, on [0, last]
};

/// One branch of the support: x = point(t).
struct Curve {
  double first = 0.0;
  double last = 0.0;
  double largest_speed = 0.0;  ///< bound on |point'(t)|
  ParameterDensity parameter_density = ParameterDensity::uniform;
  std::function<Point(double)> point;
};

/// Curves, equally likely, with noise·N(0, I) added: p(x) = Σ_b (1/B) ∫ q(t) N(x; c_b(t), σ²·I) dt. The
/// integral is a composite Gauss–Legendre rule whose panels are at most σ long on the curve.
class NoisyCurves final : public Density {
public:
  NoisyCurves(std::string_view name, std::vector<Curve> curves, double noise);

  std::string_view name() const override { return name_; }
  std::int64_t dimension() const override { return 2; }
  bool has_log_density() const override { return !node_weights_.empty(); }
  std::optional<double> log_density(std::span<const double> x) const override;

private:
  void sample_row(SampleDraws& draws, std::span<double> row) const override;

  std::string_view name_;
  std::vector<Curve> curves_;
  double noise_;
  std::vector<double> node_x_, node_y_;  ///< quadrature nodes on the curves
  std::vector<double> node_weights_;     ///< positive, sum 1
};

std::unique_ptr<Density> two_moons(double noise);
std::unique_ptr<Density> left_moon(double noise);
std::unique_ptr<Density> right_moon(double noise);
std::unique_ptr<Density> rings(double noise);
std::unique_ptr<Density> spirals(double noise);
std::unique_ptr<Density> swiss_roll(double noise);

}  // namespace ebmpi::data
