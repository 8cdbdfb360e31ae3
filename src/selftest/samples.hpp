// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "core/tile_rows.hpp"
#include "core/to_device.hpp"

namespace ebmpi::selftest {

/// The stream of random numbers for `purpose`, of the seed that all checks share.
core::PhiloxKey key_of(core::Purpose purpose);

/// Independent sets of random numbers, the third word of the counter.
enum class Draw : std::uint32_t { data = 1, negatives = 2, parameters = 3, starts = 4, directions = 5 };

/// (rows · D) numbers, each normal with mean 0 and standard deviation `scale`; row i is a function of (draw,
/// i, D) alone.
std::vector<float> normal_rows(Draw draw, std::int64_t rows, int dimension, double scale = 1.0);

template <class Value>
Kokkos::View<Value*, core::MemorySpace> to_device(const std::vector<Value>& values) {
  return core::to_device<Value>(values, "ebmpi::selftest::values");
}

/// (N, D) on the device, of row-major `values` (N · D).
core::Rows<float> to_rows(const std::vector<float>& values, int dimension);

/// The numbers of a View of rank 1 or 2, row-major, once all kernels have ended.
std::vector<double> to_host(const Kokkos::View<float*, core::MemorySpace>& values);
std::vector<double> to_host(const core::Rows<float>& rows);

/// What an objective is given: data rows, and perhaps negatives with the log density of every row, or
/// without.
class Samples {
public:
  /// `data` (N · D), `negatives` (M · D) and `log_noise` (N + M, or none), row-major.
  Samples(int dimension, std::vector<float> data, const std::vector<float>& negatives = {},
          const std::vector<float>& log_noise = {});

  int dimension() const { return dimension_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t negatives() const { return static_cast<std::int64_t>(squares_.size()) - rows_; }
  const std::vector<float>& values() const { return values_; }  // ((N + M) · D)
  const core::Rows<float>& x() const { return x_; }             // (N + M, D)
  const Kokkos::View<float*, core::MemorySpace>& log_noise() const { return log_noise_; }
  /// ‖x_i‖², in double precision.
  double square(std::int64_t row) const { return squares_[static_cast<std::size_t>(row)]; }
  /// Mean of ‖x‖² and of ‖x‖⁴ over rows [first, last).
  double mean_square(std::int64_t first, std::int64_t last) const;
  double mean_fourth(std::int64_t first, std::int64_t last) const;

private:
  int dimension_;
  std::int64_t rows_;
  std::vector<float> values_;
  std::vector<double> squares_;  // (N + M)
  core::Rows<float> x_;
  Kokkos::View<float*, core::MemorySpace> log_noise_;
};

}  // namespace ebmpi::selftest
