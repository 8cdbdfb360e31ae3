// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "core/tile_rows.hpp"
#include "sampling/noise_tile.hpp"

namespace ebmpi::sampling {

/// The parameters of Σ_c w_c N(m_c, L_c L_cᵀ); a Gaussian is a mixture of one component.
struct NoiseMixture {
  std::vector<double> weights;  ///< (C), w, positive; normalised by NoiseModel
  std::vector<double> means;    ///< (C, D), m
  std::vector<double> factors;  ///< (C, D, D), L: lower triangular of positive diagonal, row-major
};

/// The uniform distribution on the box between two corners.
struct NoiseBox {
  std::vector<double> minimum;  ///< (D)
  std::vector<double> maximum;  ///< (D), larger than the minimum in every coordinate
};

/// The noise distribution of noise contrastive estimation (Gutmann and Hyvärinen 2010,
/// https://proceedings.mlr.press/v9/gutmann10a.html), in device memory.
template <class Scalar>
class NoiseModel {
public:
  /// A sample costs O(C·D) where all factors are diagonal, else O(C·D²). Throws std::invalid_argument on
  /// sizes that do not fit together, core::InputError on a weight or a pivot that is not positive in
  /// `Scalar`.
  explicit NoiseModel(const NoiseMixture& mixture);
  /// Throws std::invalid_argument on unequal sizes, core::InputError on a side of no length.
  explicit NoiseModel(const NoiseBox& box);

  int dimension() const { return view_.dimension; }
  /// What kernels hold; valid as long as this object or a copy of it.
  const NoiseView<Scalar>& view() const { return view_; }

private:
  Kokkos::View<Scalar*, core::MemorySpace> numbers_;  // means, scales and panels; or the corners of the box
  Kokkos::View<NoiseComponent<Scalar>*, core::MemorySpace> components_;  // (C)
  NoiseView<Scalar> view_;
};

/// Fills x (N, D) with samples and, unless it is empty, log_density (N) with log p_n(x) in nats. Row i is
/// sample `first_number + i` of `step`, a pure function of (key, number, step), so that the samples do not
/// depend on how they are grouped into launches.
template <class Scalar>
void draw_noise(const core::ExecutionSpace& space, const NoiseView<Scalar>& noise, core::PhiloxKey key,
                std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
                const Kokkos::View<Scalar*, core::MemorySpace>& log_density);

/// log_density (N) = log p_n(x) in nats at x (N, D).
template <class Scalar>
void noise_log_density(const core::ExecutionSpace& space, const NoiseView<Scalar>& noise,
                       const core::Rows<Scalar>& x,
                       const Kokkos::View<Scalar*, core::MemorySpace>& log_density);

}  // namespace ebmpi::sampling
