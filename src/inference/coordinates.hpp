// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ebmpi::inference {

/// A parameter θ of a model and its open bounds, infinite where there is none.
struct BoundedParameter {
  std::string name;
  double lower;
  double upper;
};

/// What the ascent moves in.
enum class CoordinateKind {
  unconstrained,  ///< a u in all of R for every θ within the bounds
  plain           ///< θ itself
};

/// The coordinates u (d) of parameters θ (d), one of the other. Unconstrained: u = θ without bounds, log(θ -
/// lower) or -log(upper - θ) with one, log((θ - lower)/(upper - θ)) with two; all rise with θ. Plain: u = θ.
class Coordinates {
public:
  Coordinates(std::vector<BoundedParameter> parameters, CoordinateKind kind);

  std::size_t size() const { return parameters_.size(); }
  const std::vector<BoundedParameter>& parameters() const { return parameters_; }

  /// θ of u, within the bounds, or on one where u is too large for a double to tell the difference.
  std::vector<double> theta(std::span<const double> u) const;
  /// u of θ strictly within the bounds.
  std::vector<double> u(std::span<const double> theta) const;
  /// dθ/du (d).
  std::vector<double> slope(std::span<const double> u) const;

  /// The θ that is simulated at any u, strictly within the bounds. Plain coordinates are reflected at the
  /// bounds: the model is continued beyond them, and continuous there, so that the partial integration behind
  /// the fit of the score leaves no boundary term.
  void simulated_theta(std::span<const double> u, std::span<double> theta) const;
  /// Plain coordinates back between the bounds.
  void clip(std::span<double> u) const;

private:
  std::vector<BoundedParameter> parameters_;
  CoordinateKind kind_;
};

}  // namespace ebmpi::inference
