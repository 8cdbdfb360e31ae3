// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "network/mlp.hpp"

namespace ebmpi::selftest {

/// f'(0) and f''(0) by the central differences of fourth order (Fornberg 1988,
/// doi:10.1090/S0025-5718-1988-0935077-0).
double first_difference(const std::function<double(double)>& f, double step);
double second_difference(const std::function<double(double)>& f, double step);

/// The energy of a network in double precision on the host, from the definition alone; its derivatives are
/// finite differences.
class ReferenceNetwork {
public:
  ReferenceNetwork(network::MlpShape shape, std::vector<double> parameters);

  /// At rows x (N · D): E (N), ∇E (N · D), the mean of ½‖∇E‖² - ΔE, and the largest sum of the magnitudes of
  /// a layer's addends, at least 1.
  std::vector<double> energies(const std::vector<double>& x) const;
  std::vector<double> gradients(const std::vector<double>& x) const;
  double score_matching_loss(const std::vector<double>& x) const;
  double scale(const std::vector<double>& x) const;

private:
  double activate(double z) const;
  /// E at one row; raises `largest` to the largest sum of magnitudes.
  double energy(const double* x, double& largest) const;
  /// E as a function of the shift of coordinate `d` of a row.
  std::function<double(double)> along(const double* x, int d) const;

  network::MlpShape shape_;
  std::vector<double> parameters_;
};

}  // namespace ebmpi::selftest
