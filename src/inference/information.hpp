// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ebmpi::inference {

// Symmetric matrices (d, d) are row-major, or packed: their lower triangle row by row.

std::vector<double> packed(std::size_t size, std::span<const double> matrix);
std::vector<double> unpacked(std::size_t size, std::span<const double> triangle);

/// The Fisher information of one observation in units of the width, J (I - J)⁻¹, from J = E[S Sᵀ] in the same
/// units: what a Gaussian with a linear mean has, of which J = (I⁻¹ + 1)⁻¹ is what a proposal of that width
/// leaves (README.md). Eigenvalues of J above 1 - 1e-6 are taken to be that.
std::vector<double> deconvolved(std::size_t size, std::span<const double> information);

/// matrix_ij / (scale_i scale_j)
std::vector<double> rescaled(std::span<const double> scale, std::span<const double> matrix);

/// The inverse of a symmetric matrix; empty where its correlation matrix has an eigenvalue below 1e-9.
std::vector<double> inverse(std::size_t size, std::span<const double> matrix);

/// The error that the mean of correlated rows (T, d) has, a covariance (d, d): that of the means of ⌊√T⌋
/// batches of them over their number (batch means, see Flegal and Jones 2010, doi:10.1214/09-AOS735). T ≥ 2;
/// of less than 4 rows there are two batches.
std::vector<double> covariance_of_mean(std::size_t size, std::span<const double> rows);

/// Semi-axes (d, d), one in each row, longest first, of { x : xᵀ covariance⁻¹ x = square }.
std::vector<double> ellipsoid_axes(std::size_t size, std::span<const double> covariance, double square);

}  // namespace ebmpi::inference
