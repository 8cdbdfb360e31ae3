// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ebmpi::network {

/// u = A x + b from D to K coordinates, on the host.
struct AffineMap {
  std::int64_t inputs = 0;     ///< D
  std::vector<double> scale;   ///< (D), the diagonal of A where it has no other numbers; else empty
  std::vector<double> matrix;  ///< (K, D), A row-major where it has; else empty
  std::vector<double> shift;   ///< (K), b

  static AffineMap identity(std::int64_t dimension);
  /// u = scale · x + shift, coordinate by coordinate.
  static AffineMap diagonal(std::vector<double> scale, std::vector<double> shift);
  /// `matrix` (K, D) row-major, `shift` (K).
  static AffineMap dense(std::int64_t inputs, std::vector<double> matrix, std::vector<double> shift);

  std::int64_t outputs() const { return static_cast<std::int64_t>(shift.size()); }  ///< K
  bool is_identity() const;
  double element(std::int64_t row, std::int64_t column) const;
  /// A x + b for one x (D).
  std::vector<double> operator()(const std::vector<double>& x) const;
};

/// outer(inner(x)); diagonal where both are. Throws std::invalid_argument where the sizes do not fit.
AffineMap compose(const AffineMap& outer, const AffineMap& inner);

}  // namespace ebmpi::network
