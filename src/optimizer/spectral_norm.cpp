// SPDX-License-Identifier: Apache-2.0
#include "optimizer/spectral_norm.hpp"

#include <algorithm>

#include "core/random.hpp"
#include "core/tile.hpp"
#include "core/to_device.hpp"
#include "core/unroll.hpp"

namespace ebmpi::optimizer {
namespace {

using core::ExecutionSpace;
using core::TeamMember;

template <class Scalar>
using Flat = Kokkos::View<Scalar*, core::MemorySpace>;

/// Rows and columns of a tile.
constexpr int edge = 64;
/// Power iterations on fresh weights.
constexpr int start_iterations = 100;

enum class Side { left, right };

KOKKOS_FORCEINLINE_FUNCTION constexpr int tiles_along(int extent) {
  return (extent + edge - 1) / edge;
}

/// Σ aᵢ bᵢ in eight interleaved sums, which vector registers of any width add alike.
template <class First, class Second>
KOKKOS_FORCEINLINE_FUNCTION double dot(const First* a, const Second* b, int count) {
  constexpr int lanes = 8;
  double sum[lanes] = {};
  int i = 0;
  for (; i + lanes <= count; i += lanes) {
    EBMPI_UNROLL
    for (int lane = 0; lane < lanes; ++lane)
      sum[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  EBMPI_UNROLL
  for (int lane = 0; lane < lanes; ++lane) {
    if (i + lane < count) sum[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/// sums[column] = Σ_row w(row, column) u(row), added in row order. Ends with a team barrier.
template <class Member, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION void add_rows(const Member& member, const SpectralTile& tile, const Scalar* w,
                                          const Scalar* u, double* sums) {
  if constexpr (core::is_host_space<typename Member::execution_space>) {
    double sum[edge] = {};
    for (int row = 0; row < tile.rows; ++row) {
      const double factor = static_cast<double>(u[row]);
      const Scalar* const weights = w + static_cast<std::int64_t>(row) * tile.stride;
      for (int column = 0; column < tile.columns; ++column)
        sum[column] += static_cast<double>(weights[column]) * factor;
    }
    for (int column = 0; column < tile.columns; ++column) sums[column] = sum[column];
  } else {
    core::for_each(member, tile.columns, [&](int column) {
      double sum = 0;
      for (int row = 0; row < tile.rows; ++row)
        sum += static_cast<double>(w[static_cast<std::int64_t>(row) * tile.stride + column]) *
               static_cast<double>(u[row]);
      sums[column] = sum;
    });
  }
}

/// `body(row, column)` for every weight of a tile; the columns of a row are vectorised on a CPU and
/// neighbouring threads on a GPU.
template <class Member, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_each_weight(const Member& member, const SpectralTile& tile,
                                                 const Body& body) {
  if constexpr (core::is_host_space<typename Member::execution_space>) {
    for (int row = 0; row < tile.rows; ++row)
      for (int column = 0; column < tile.columns; ++column) body(row, column);
  } else {
    const int columns = tile.columns;
    core::for_each(member, tile.rows * columns, [&](int i) { body(i / columns, i % columns); });
  }
}

/// Adds the tiles' sums of each row (left) or column (right) of a matrix, in the order of the tiles; returns
/// where they are. Ends with a team barrier.
template <class Member>
KOKKOS_FORCEINLINE_FUNCTION const double* add_tiles(const Member& member, const SpectralWork& work,
                                                    const SpectralMatrix& matrix, Side side) {
  const int row_tiles = tiles_along(matrix.rows), column_tiles = tiles_along(matrix.columns);
  const bool left = side == Side::left;
  const int tiles = left ? column_tiles : row_tiles;  // that a row or column crosses
  const int step = left ? 1 : column_tiles;           // from one of these to the next
  const int across = left ? column_tiles : 1;         // to the first one of the next 64 rows or columns
  double* const sums = work.sums.data() + (left ? matrix.first_row : matrix.first_column);
  core::for_each(member, left ? matrix.rows : matrix.columns, [&](int i) {
    const int first = matrix.first_tile + (i / edge) * across;
    double sum = 0;
    for (int tile = 0; tile < tiles; ++tile) {
      sum += work.partial(static_cast<std::int64_t>(first + tile * step) * edge + i % edge);
    }
    sums[i] = sum;
  });
  return sums;
}

template <class Scalar>
Kokkos::TeamPolicy<ExecutionSpace> one_team_each(std::size_t count) {
  return {static_cast<int>(count), core::TileShape<Scalar>::team_size};
}

/// Each tile's part of Wᵀu.
template <class Scalar>
void multiply_left(const SpectralWork& work, const Flat<Scalar>& parameters, const Flat<Scalar>& left) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_left_product", one_team_each<Scalar>(work.tiles.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const int number = member.league_rank();
        const SpectralTile tile = work.tiles(number);
        add_rows(member, tile, parameters.data() + tile.offset, left.data() + tile.first_row,
                 work.partial.data() + static_cast<std::int64_t>(number) * edge);
      });
}

/// Each tile's part of Wv.
template <class Scalar>
void multiply_right(const SpectralWork& work, const Flat<Scalar>& parameters, const Flat<Scalar>& right) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_right_product", one_team_each<Scalar>(work.tiles.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const int number = member.league_rank();
        const SpectralTile tile = work.tiles(number);
        core::for_each(member, tile.rows, [&](int row) {
          work.partial(static_cast<std::int64_t>(number) * edge + row) =
              dot(parameters.data() + tile.offset + static_cast<std::int64_t>(row) * tile.stride,
                  right.data() + tile.first_column, tile.columns);
        });
      });
}

/// Each tile's part of the row sums of G ∘ W.
template <class Scalar>
void multiply_elements(const SpectralWork& work, const Flat<Scalar>& gradient,
                       const Flat<Scalar>& parameters) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_inner_product", one_team_each<Scalar>(work.tiles.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const int number = member.league_rank();
        const SpectralTile tile = work.tiles(number);
        core::for_each(member, tile.rows, [&](int row) {
          const std::int64_t first = tile.offset + static_cast<std::int64_t>(row) * tile.stride;
          work.partial(static_cast<std::int64_t>(number) * edge + row) =
              dot(gradient.data() + first, parameters.data() + first, tile.columns);
        });
      });
}

/// Each vector of `side` becomes the product that the tiles hold, at length 1; `work.value` its length
/// before.
template <class Scalar>
void normalize_vectors(const SpectralWork& work, Side side, const Flat<Scalar>& vectors) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_vectors", one_team_each<Scalar>(work.matrices.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const SpectralMatrix matrix = work.matrices(member.league_rank());
        const bool left = side == Side::left;
        const int count = left ? matrix.rows : matrix.columns;
        const double* const sums = add_tiles(member, work, matrix, side);
        const double norm = Kokkos::sqrt(dot(sums, sums, count));
        if (norm > 0 && Kokkos::isfinite(norm)) {
          Scalar* const vector = vectors.data() + (left ? matrix.first_row : matrix.first_column);
          core::for_each(member, count, [&](int i) { vector[i] = static_cast<Scalar>(sums[i] / norm); });
        }
        if (member.team_rank() == 0) work.value(member.league_rank()) = norm;
      });
}

/// `work.value` ← ⟨G, W⟩, from what the tiles hold.
template <class Scalar>
void add_inner_products(const SpectralWork& work) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_inner_product_sum", one_team_each<Scalar>(work.matrices.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const SpectralMatrix matrix = work.matrices(member.league_rank());
        const double* const sums = add_tiles(member, work, matrix, Side::left);
        if (member.team_rank() != 0) return;
        double sum = 0;
        for (int row = 0; row < matrix.rows; ++row) sum += sums[row];
        work.value(member.league_rank()) = sum;
      });
}

template <class Scalar>
void divide_by_norm(const SpectralWork& work, const Flat<Scalar>& parameters) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_divide", one_team_each<Scalar>(work.tiles.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const SpectralTile tile = work.tiles(member.league_rank());
        const double norm = work.value(tile.matrix);
        if (!(norm > 0) || !Kokkos::isfinite(norm)) return;
        const double inverse = 1.0 / norm;
        Scalar* const weights = parameters.data() + tile.offset;
        for_each_weight(member, tile, [&](int row, int column) {
          Scalar& weight = weights[static_cast<std::int64_t>(row) * tile.stride + column];
          weight = static_cast<Scalar>(static_cast<double>(weight) * inverse);
        });
      });
}

/// G ← G - `work.value` u vᵀ.
template <class Scalar>
void subtract_outer_product(const SpectralWork& work, const Flat<Scalar>& gradient, const Flat<Scalar>& left,
                            const Flat<Scalar>& right) {
  Kokkos::parallel_for(
      "ebmpi::optimizer::spectral_project", one_team_each<Scalar>(work.tiles.extent(0)),
      KOKKOS_LAMBDA(const TeamMember& member) {
        const SpectralTile tile = work.tiles(member.league_rank());
        const auto inner = static_cast<Scalar>(work.value(tile.matrix));
        Scalar* const g = gradient.data() + tile.offset;
        const Scalar* const u = left.data() + tile.first_row;
        const Scalar* const v = right.data() + tile.first_column;
        for_each_weight(member, tile, [&](int row, int column) {
          g[static_cast<std::int64_t>(row) * tile.stride + column] -= inner * u[row] * v[column];
        });
      });
}

}  // namespace

template <class Scalar>
SpectralNorm<Scalar>::SpectralNorm(const std::vector<MatrixSlice>& slices) {
  std::vector<SpectralMatrix> matrices;
  std::vector<SpectralTile> tiles;
  int all_rows = 0, all_columns = 0;
  for (const MatrixSlice& slice : slices) {
    const int rows = static_cast<int>(slice.rows), columns = static_cast<int>(slice.columns);
    const int number = static_cast<int>(matrices.size());
    matrices.push_back({rows, columns, all_rows, all_columns, static_cast<int>(tiles.size())});
    for (int row = 0; row < rows; row += edge) {
      for (int column = 0; column < columns; column += edge) {
        tiles.push_back({slice.offset + row * slice.columns + column, columns, std::min(edge, rows - row),
                         std::min(edge, columns - column), all_rows + row, all_columns + column, number});
      }
    }
    all_rows += rows;
    all_columns += columns;
  }
  using Sums = Kokkos::View<double*, core::MemorySpace>;
  work_.matrices = core::to_device<SpectralMatrix>(matrices, "ebmpi::optimizer::spectral_matrices");
  work_.tiles = core::to_device<SpectralTile>(tiles, "ebmpi::optimizer::spectral_tiles");
  work_.partial = Sums("ebmpi::optimizer::spectral_partial", tiles.size() * edge);
  work_.sums = Sums("ebmpi::optimizer::spectral_sums", std::max(all_rows, all_columns));
  work_.value = Sums("ebmpi::optimizer::spectral_value", matrices.size());
  state_.emplace_back("spectral_left", Buffer("ebmpi::optimizer::spectral_left", all_rows));
  state_.emplace_back("spectral_right", Buffer("ebmpi::optimizer::spectral_right", all_columns));
}

template <class Scalar>
void SpectralNorm<Scalar>::initialize(std::uint64_t seed, const Buffer& parameters) const {
  const Buffer& left = state_[0].second;
  const auto host = Kokkos::create_mirror_view(left);
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::spectral_start);
  for (std::size_t row = 0; row < host.extent(0); ++row) {
    const core::PhiloxBlock bits = core::draw(key, row, 0, 0);
    double first, second;
    core::normal_pair(bits.word[0], bits.word[1], first, second);
    host(row) = static_cast<Scalar>(first);
  }
  Kokkos::deep_copy(left, host);
  Kokkos::deep_copy(state_[1].second, Scalar(0));
  for (int iteration = 0; iteration < start_iterations; ++iteration) normalize(parameters);
}

template <class Scalar>
void SpectralNorm<Scalar>::project_gradient(const Buffer& gradient, const Buffer& parameters) const {
  multiply_elements<Scalar>(work_, gradient, parameters);
  add_inner_products<Scalar>(work_);
  subtract_outer_product<Scalar>(work_, gradient, state_[0].second, state_[1].second);
}

template <class Scalar>
void SpectralNorm<Scalar>::normalize(const Buffer& parameters) const {
  multiply_left<Scalar>(work_, parameters, state_[0].second);
  normalize_vectors<Scalar>(work_, Side::right, state_[1].second);
  multiply_right<Scalar>(work_, parameters, state_[1].second);
  normalize_vectors<Scalar>(work_, Side::left, state_[0].second);  // ‖Wv‖ = uᵀWv, as u = Wv/‖Wv‖
  divide_by_norm<Scalar>(work_, parameters);
}

template class SpectralNorm<float>;
template class SpectralNorm<double>;

}  // namespace ebmpi::optimizer
