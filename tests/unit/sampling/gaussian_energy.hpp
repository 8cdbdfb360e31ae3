// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

/// E(x) = ½ Σ_d a_d (x_d - m_d)², a normal distribution of precision a / T, in the shape that samplers take.
struct GaussianEnergy {
  using Scalar = float;

  Buffer<float> precision, mean;  // (D)

  KOKKOS_FORCEINLINE_FUNCTION int dimension() const { return static_cast<int>(mean.extent(0)); }

  class Tile {
  public:
    KOKKOS_FORCEINLINE_FUNCTION Tile(const GaussianEnergy& energy, core::ScratchArena&)
        : precision_(energy.precision.data()), mean_(energy.mean.data()), dimension_(energy.dimension()) {}

    template <class Member>
    KOKKOS_FORCEINLINE_FUNCTION void evaluate(const Member& member, const float* x, float* energy,
                                              float* gradient) const {
      const float* const precision = precision_;
      const float* const mean = mean_;
      core::for_each_lane(member, dimension_, [=](int row, int lane) {
        gradient[row * core::tile_size + lane] =
            precision[row] * (x[row * core::tile_size + lane] - mean[row]);
      });
      core::sum_rows(member, dimension_, energy, [=](int row, int lane) {
        return 0.5f * gradient[row * core::tile_size + lane] * (x[row * core::tile_size + lane] - mean[row]);
      });
    }

  private:
    const float* precision_;
    const float* mean_;
    int dimension_;
  };
};

}  // namespace ebmpi::test
