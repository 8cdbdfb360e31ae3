// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/sample_draws.hpp"

namespace ebmpi::data {

/// A density with known samples, and mostly with a known value: the ground truth of a test or a
/// demonstration.
class Density {
public:
  virtual ~Density() = default;

  virtual std::string_view name() const = 0;
  virtual std::int64_t dimension() const = 0;

  /// Samples number first … first + count - 1 into `out` (count, D), row-major. Sample number i is a pure
  /// function of (seed, i), so that any rank can make any rows.
  void sample(std::uint64_t seed, std::int64_t first, std::int64_t count, std::span<double> out) const;

  /// Whether log_density has a value. It has, except for the densities around curves (two_moons, rings,
  /// spirals, swiss_roll) when the noise is so small (below about 1e-4 of the curve's length) that the
  /// quadrature is too long.
  virtual bool has_log_density() const { return true; }

  /// Normalised log p(x) for x (D), in nats; -infinity outside the support. Closed form, or quadrature along
  /// the curve with a relative error of p below 1e-9 within 6 noise scales of the curve.
  virtual std::optional<double> log_density(std::span<const double> x) const = 0;

private:
  virtual void sample_row(SampleDraws& draws, std::span<double> row) const = 0;
};

/// The names that make_density knows.
std::span<const std::string_view> density_names();

/// Makes a density. `noise` (> 0) is the standard deviation of Gaussian noise as listed; `dimension` must be
/// 2 except where D is written. Throws core::InputError for an unknown name, a wrong dimension or a noise
/// that is not positive.
///
// clang-format off
/// two_moons             (cos t, sin t) and (1 - cos t, 1/2 - sin t), t uniform in (0, π), + noise·N(0, I)
/// eight_gaussians       N(μ, noise²·I), μ on the circle of radius 2 at multiples of 45°
/// twenty_five_gaussians N(μ, noise²·I), μ in {-2, -1, 0, 1, 2}²
/// rings                 uniform on circles of radius 0.75, 1.5, 2.25, 3, equally likely, + noise·N(0, I)
/// spirals               ±(-t cos t, t sin t)/3, t = 3π√u, u uniform in (0, 1), + noise·N(0, I)
/// swiss_roll            (t cos t, t sin t)/5, t uniform in (3π/2, 9π/2), + noise·N(0, I)
/// checkerboard          uniform on the 8 cells 2 × 2 of [-4, 4]² with ⌊x/2⌋ + ⌊y/2⌋ even; noise is not used
/// pinwheel              5 arms: (1 + 0.3·n₁, noise·n₂) turned by 72°·k + exp(r)/4 radians, r its distance from
///                       the origin. As Johnson et al. 2016 (arXiv 1603.06277), who turn by exp of the first
///                       coordinate instead; turning by r keeps areas, so that the density is closed-form.
/// gaussian              D: mean 0, covariance 0.5^|i-j| (unit variances); noise is not used
/// gaussian_mixture      D: N(μ, noise²·I), μ = -2e₀, 2e₀, 2e₁, 2e₂ as far as the axes exist, weights as
///                       1 : 2 : 3 : 4
/// double_well           D: exp(-(x₀² - 1)²/(8·noise²)) times N(0, noise²) for each other coordinate: wells at
///                       ±1 with the curvature of a Gaussian of that standard deviation, and a barrier of
///                       1/(8·noise²)
/// left_moon, right_moon each of the two_moons alone
/// funnel                D: N(x₀; 0, noise²) times N(0, exp(x₀)) for each other coordinate (Neal 2003,
///                       doi:10.1214/aos/1056562461, with noise 3)
// clang-format on
std::unique_ptr<Density> make_density(std::string_view name, std::int64_t dimension, double noise);

}  // namespace ebmpi::data
