// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/program_simulator.hpp"

namespace ebmpi::simulation {

struct GaussianLocation {
  int dimension;
  double noise;

  int columns() const { return dimension; }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    for (int i = 0; i < dimension; ++i) x[i] = theta[i] + noise * stream.normal();
    return Completion::whole;
  }
};

struct GaussianScale {
  int dimension;

  int columns() const { return dimension; }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    const double deviation = Kokkos::sqrt(theta[0]);
    for (int i = 0; i < dimension; ++i) x[i] = deviation * stream.normal();
    return Completion::whole;
  }
};

struct LinearGaussian {
  Kokkos::View<const double*, core::MemorySpace> matrix;  // (D · D), row-major
  int dimension;
  double noise;

  int columns() const { return dimension; }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    for (int i = 0; i < dimension; ++i) {
      double sum = 0.0;
      for (int j = 0; j < dimension; ++j) sum += matrix(i * dimension + j) * theta[j];
      x[i] = sum + noise * stream.normal();
    }
    return Completion::whole;
  }
};

struct GaussianMixture {
  int dimension;
  double noise;

  int columns() const { return dimension; }
  std::int64_t workspace() const { return 0; }

  KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double*,
                                        double* x) const {
    const double mean = stream.uniform() < theta[1] ? theta[0] : 0.0;
    for (int i = 0; i < dimension; ++i) x[i] = mean + noise * stream.normal();
    return Completion::whole;
  }
};

}  // namespace ebmpi::simulation
