// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inference/coordinates.hpp"
#include "inference/likelihood_ascent.hpp"

namespace ebmpi::inference {

/// What is said of a parameter.
struct ParameterEstimate {
  std::string name;
  double estimate = 0;
  double standard_error = 0;    ///< NaN where the data do not determine the parameters
  double simulation_error = 0;  ///< the part of it that comes of the simulations
  double lower = 0, upper = 0;  ///< confidence interval; NaN likewise
};

/// The maximum of the likelihood and how sure it is (README.md); matrices are (d, d), row-major.
struct Estimate {
  std::vector<ParameterEstimate> parameters;  // (d)
  std::vector<double> u;                      // (d), mean of the tail
  std::int64_t tail_steps = 0;
  std::int64_t observations = 0;
  double confidence = 0;
  /// The largest difference of a parameter's means in the two halves of the tail, in its standard errors.
  double drift = 0;
  std::vector<double> smoothed_information;   ///< E[S Sᵀ] of an observation, in the coordinates u
  std::vector<double> information;            ///< Fisher information of an observation, likewise
  std::vector<double> simulation_covariance;  ///< of u, from the scatter of the tail
  std::vector<double> covariance;             ///< of u, all of it; empty where the data do not determine u
  std::vector<double> theta_covariance;       ///< by the delta method; likewise
  std::vector<double> region_axes;  ///< semi-axes of the confidence region in u, one in a row; likewise

  bool is_determined() const { return !covariance.empty(); }
};

/// From the steps that `first_tail_step` begins, of which there are at least two. `observations` N are
/// independent.
Estimate estimate_from(const Trace& trace, std::int64_t first_tail_step, const Coordinates& coordinates,
                       std::int64_t observations, double confidence);

}  // namespace ebmpi::inference
