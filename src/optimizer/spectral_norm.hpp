// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/pack.hpp"
#include "optimizer/matrix_slice.hpp"

namespace ebmpi::optimizer {

/// One of the matrices, as kernels know it.
struct SpectralMatrix {
  int rows = 0;
  int columns = 0;
  int first_row = 0;     // place of its left vector among all of them
  int first_column = 0;  // place of its right vector among all of them
  int first_tile = 0;    // its tiles follow each other row by row
};

/// A square of a matrix, the unit of work of a kernel; smaller at the lower and the right edge.
struct SpectralTile {
  std::int64_t offset = 0;  // of its first weight in the flat buffer
  int stride = 0;           // columns of the matrix
  int rows = 0;
  int columns = 0;
  int first_row = 0;     // place of its rows in the left vectors
  int first_column = 0;  // place of its columns in the right vectors
  int matrix = 0;
};

/// What the kernels share: the matrices' shapes, and room for sums, which are double in either precision.
struct SpectralWork {
  Kokkos::View<SpectralMatrix*, core::MemorySpace> matrices;  // (M)
  Kokkos::View<SpectralTile*, core::MemorySpace> tiles;       // (T)
  Kokkos::View<double*, core::MemorySpace> partial;           // (64 T) sums over one tile
  Kokkos::View<double*, core::MemorySpace> sums;   // (rows or columns of all matrices) over all tiles
  Kokkos::View<double*, core::MemorySpace> value;  // (M) what the last kernel found for each matrix
};

/// Spectral normalisation (Miyato, Kataoka, Koyama and Yoshida 2018, arXiv 1802.05957): the network's weights
/// are Ŵ = W/σ(W), with σ the largest singular value, which bounds the energy's Lipschitz constant.
///
/// Scaling W changes nothing, so the flat buffer of parameters always holds Ŵ itself, for which σ = 1: a
/// training step projects the gradient, updates the parameters and normalises them. σ and its singular
/// vectors are estimated by power iteration from the vectors of the step before; the estimate is never above
/// σ, and tends to it.
///
/// Sums are taken in squares of fixed size and in fixed order, so that no bit depends on the threads.
template <class Scalar>
class SpectralNorm {
public:
  using Buffer = Kokkos::View<Scalar*, core::MemorySpace>;

  /// The matrices must not overlap.
  explicit SpectralNorm(const std::vector<MatrixSlice>& matrices);

  /// Start vectors that are pure functions of (seed, row), then as many calls of `normalize` as bring the
  /// largest singular value of fresh weights within 1 % of 1.
  void initialize(std::uint64_t seed, const Buffer& parameters) const;

  /// G ← G - ⟨G, Ŵ⟩ u vᵀ for each matrix, with its singular vectors u, v: from the gradient with respect to Ŵ
  /// the one with respect to W at σ = 1 (equation 12 of the paper).
  void project_gradient(const Buffer& gradient, const Buffer& parameters) const;

  /// One power iteration v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖ for each matrix, then W ← W/σ with σ = uᵀWv. A matrix
  /// with σ = 0, or with a weight that is not a finite number, is left alone, and so are its vectors.
  void normalize(const Buffer& parameters) const;

  /// The state that a checkpoint holds, by name: u (rows of all matrices) and v (columns of all matrices).
  const std::vector<std::pair<std::string, Buffer>>& state() const { return state_; }

private:
  SpectralWork work_;
  std::vector<std::pair<std::string, Buffer>> state_;
};

}  // namespace ebmpi::optimizer
