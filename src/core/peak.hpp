// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::core {

/// Floating point operations per second that the execution space reaches with independent multiply-adds in
/// registers and nothing else: the bound that utilisation is measured against. Takes about `seconds`.
template <class Scalar>
double measured_peak(double seconds);

}  // namespace ebmpi::core
