// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ebmpi::data {

/// Eigenvalues, largest first, and orthonormal eigenvectors as rows (n, n). The largest component of each
/// vector in absolute value (the first such one) is positive.
struct SymmetricEigen {
  std::vector<double> values;
  std::vector<double> vectors;
};

/// The eigen-decomposition of a symmetric (n, n) row-major matrix, of which both triangles are read.
/// Householder reduction to tridiagonal form, then QL with implicit shifts (Martin, Reinsch and Wilkinson
/// 1968; Dubrulle, Martin and Wilkinson 1968; both in Wilkinson and Reinsch 1971, Handbook for Automatic
/// Computation II). The operations and their order are fixed. Throws core::InputError if the matrix is not
/// finite.
SymmetricEigen symmetric_eigen(std::int64_t n, std::vector<double> matrix);

}  // namespace ebmpi::data
