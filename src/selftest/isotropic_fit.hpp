// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "selftest/check.hpp"
#include "selftest/measure.hpp"

namespace ebmpi::selftest {

/// The networks with one unknown, a, of which losses are known in closed form.
enum class Isotropic {
  energy,                 ///< E = ½a‖x‖²: units ½z² of z = ½x with weights 4a
  energy_told_sigma,      ///< E = ½a‖x‖² + ½(log σ)², the last input being log σ
  energy_and_normalizer,  ///< E = ½a‖x‖², with a learned log normaliser
  score                   ///< s = -ax, D outputs
};

/// A loss and what the objective says of its derivatives.
struct Point {
  double loss = 0;
  double slope = 0;              ///< ∂loss/∂a, through the weights of the output
  double first_layer_slope = 0;  ///< the same through those of the first layer; at a ≠ 0
  double normalizer_slope = 0;   ///< ∂loss/∂c
  objective::LossReport report;
};

/// An objective on one of these networks, over the same samples, and the same noise, at every a.
class IsotropicFit {
public:
  /// Keeps references to `objective` and `samples`.
  IsotropicFit(const objective::Objective<float>& objective, const Samples& samples, Isotropic network);

  Point at(double a, double log_normalizer = 0) const;
  const Samples& samples() const { return *samples_; }

private:
  Point at_energy(double a, double log_normalizer) const;
  Point at_score(double a) const;

  const objective::Objective<float>* objective_;
  const Samples* samples_;
  Isotropic network_;
};

/// Roundings on the longest way from an input to a sum over a block: products of two layers of `dimension`
/// units, a block's sum, and the functions between.
int roundings_of(int dimension);

/// Loss and slope of a fit around a = 1.
class Sweep {
public:
  explicit Sweep(const IsotropicFit& fit, double log_normalizer = 0);

  const Point& at_one() const { return one_; }
  /// ∂²loss/∂a² at 1.
  double curvature() const;
  /// Where the slope vanishes, by one step of Newton's method from a = 1: exact for a quadratic loss.
  double root() const { return 1.0 - one_.slope / curvature(); }

  /// "gradient": the loss grows from a = 1 to 1.25 by the integral of its slope (Gauss and Legendre, three
  /// nodes, exact for slopes that are polynomials of degree 5), through either layer.
  void check_gradient(CheckList& list, const std::string& subject) const;

private:
  int dimension_;
  Point below_, one_, middle_, above_;  // at 0.875, 1, 1.125, 1.25
  Point first_node_, last_node_;
};

/// "exact score matching, D = 8".
std::string subject(const std::string& what, int dimension);

/// The dimensions that every objective is checked at, and the data rows that it sees.
inline constexpr int dimensions[] = {1, 2, 8, 32};
inline constexpr std::int64_t fit_rows = 4096;

}  // namespace ebmpi::selftest
