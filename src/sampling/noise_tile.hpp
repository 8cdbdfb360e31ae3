// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/elementary.hpp"
#include "core/noise.hpp"
#include "core/random.hpp"
#include "core/tile.hpp"
#include "core/tile_product.hpp"

namespace ebmpi::sampling {

enum class NoiseShape { uniform, diagonal, full };

/// The log density, in nats, of points outside the box of uniform noise: -∞ has no place in a loss. At
/// logits of this size the loss of noise contrast is linear and its gradient weights are exactly 0 or 1.
inline constexpr double outside_log_density = -1e4;

/// One component w N(m, L Lᵀ) as kernels see it.
template <class Scalar>
struct NoiseComponent {
  core::PanelMatrix<Scalar> factor;       // L (D, D); of full covariances only
  core::PanelMatrix<Scalar> whitening;    // L⁻¹ (D, D); of full covariances only
  const Scalar* mean = nullptr;           // (D), m
  const Scalar* scale = nullptr;          // (D), L_ii
  const Scalar* inverse_scale = nullptr;  // (D), 1 / L_ii
  Scalar log_peak = 0;                    // log w + log N(m; m, L Lᵀ)
  std::uint32_t upper_word = 0;           // 2³² times the weights up to and including this component's
};

/// The handle that kernels hold.
template <class ScalarType>
struct NoiseView {
  using Scalar = ScalarType;
  class Tile;

  NoiseShape shape = NoiseShape::uniform;
  int dimension = 0;
  int component_count = 0;
  const NoiseComponent<Scalar>* components = nullptr;  // (C), in device memory
  const Scalar* minimum = nullptr;                     // (D), of the box
  const Scalar* maximum = nullptr;                     // (D)
  Scalar box_log_density = 0;                          // -Σ log(maximum - minimum)
};

/// Samples and evaluates the noise on one tile, in a team's scratch. Sample number n at a step takes its
/// component from Philox draw 0 of (key, n, step), its coordinates from draw 1 on.
template <class ScalarType>
class NoiseView<ScalarType>::Tile {
public:
  /// Lays the workspace out in `arena`; with a counting arena, only measures it.
  KOKKOS_FORCEINLINE_FUNCTION Tile(const NoiseView& noise, core::ScratchArena& arena) : noise_(noise) {
    const std::size_t rows = noise.dimension;
    ring_ = arena.take<Scalar>(core::NormalRows<Scalar>::ring_rows(noise.dimension) * size);
    squares_ = arena.take<Scalar>(size);
    if (noise.shape == NoiseShape::uniform) return;
    words_ = arena.take<std::uint32_t>(size);
    chosen_ = arena.take<std::int32_t>(size);
    sums_ = arena.take<Scalar>(size);
    terms_ = arena.take<Scalar>(static_cast<std::size_t>(noise.component_count) * size);
    if (noise.shape == NoiseShape::diagonal) return;
    centred_ = arena.take<Scalar>(rows * size);
    product_ = arena.take<Scalar>(rows * size);
  }

  /// log_density (tile_size) = log p_n(x) in nats at x (D, tile_size); `outside_log_density` outside of a
  /// box.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void log_density(const Member& member, const Scalar* x,
                                               Scalar* log_density) const {
    if (noise_.shape == NoiseShape::uniform) {
      box_log_density(member, x, log_density);
      return;
    }
    for (int c = 0; c < noise_.component_count; ++c) component_log_density(member, c, x);
    sum_components(member, log_density);
  }

  /// x (D, tile_size) = the samples with the global `numbers` (tile_size).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void sample(const Member& member, core::PhiloxKey key,
                                          const std::int64_t* numbers, std::uint32_t step, Scalar* x) const {
    if (noise_.shape == NoiseShape::uniform) {
      sample_box(member, key, numbers, step, x);
      return;
    }
    choose_components(member, key, numbers, step);
    core::NormalRows<Scalar> normal(key, step, numbers, ring_, noise_.dimension, 1);
    normal.advance(member);  // the first rows lie at the start of the ring, one after the other
    for (int c = 0; c < noise_.component_count; ++c) place_component(member, c, x);
  }

private:
  static constexpr int size = core::tile_size;

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void box_log_density(const Member& member, const Scalar* x,
                                                   Scalar* log_density) const {
    const Scalar* const minimum = noise_.minimum;
    const Scalar* const maximum = noise_.maximum;
    const Scalar inside = noise_.box_log_density;
    // Counts the coordinates that are outside; 0·x hands on a NaN, which no comparison would find.
    core::sum_rows(member, noise_.dimension, squares_, [=](int row, int lane) {
      const Scalar value = x[row * size + lane];
      return value < minimum[row] || value > maximum[row] ? Scalar(1) : Scalar(0) * value;
    });
    core::for_each_lane(member, 1, [=, outside = squares_](int, int lane) {
      log_density[lane] = outside[lane] > Scalar(0) ? Scalar(outside_log_density) : inside + outside[lane];
    });
  }

  /// terms_ row `c` = log w_c + log N(x; m_c, L_c L_cᵀ).
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void component_log_density(const Member& member, int c, const Scalar* x) const {
    const NoiseComponent<Scalar>& component = noise_.components[c];
    const int dimension = noise_.dimension;
    const Scalar* const mean = component.mean;
    const Scalar log_peak = component.log_peak;
    Scalar* const squares = squares_;
    Scalar* const term = terms_ + c * size;
    if (noise_.shape == NoiseShape::diagonal) {
      const Scalar* const inverse = component.inverse_scale;
      core::sum_rows(member, dimension, squares, [=](int row, int lane) {
        const Scalar whitened = (x[row * size + lane] - mean[row]) * inverse[row];
        return whitened * whitened;
      });
    } else {
      core::for_each_lane(member, dimension, [=, centred = centred_](int row, int lane) {
        centred[row * size + lane] = x[row * size + lane] - mean[row];
      });
      core::matrix_times_tile(member, component.whitening, centred_, product_, size);
      core::sum_rows(member, dimension, squares, [whitened = product_](int row, int lane) {
        return whitened[row * size + lane] * whitened[row * size + lane];
      });
    }
    core::for_each_lane(member, 1,
                        [=](int, int lane) { term[lane] = log_peak - Scalar(0.5) * squares[lane]; });
  }

  /// The logarithm of the sum of the components' exponentials, with the largest taken out.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void sum_components(const Member& member, Scalar* log_density) const {
    Scalar* const largest = squares_;
    Scalar* const sums = sums_;
    for (int c = 0; c < noise_.component_count; ++c) {
      core::for_each_lane(member, 1, [=, term = terms_ + c * size](int, int lane) {
        largest[lane] = c == 0 || term[lane] > largest[lane] ? term[lane] : largest[lane];
        sums[lane] = 0;
      });
    }
    for (int c = 0; c < noise_.component_count; ++c) {
      core::for_each_lane(member, 1, [=, term = terms_ + c * size](int, int lane) {
        sums[lane] += core::vector_exp(term[lane] - largest[lane]);
      });
    }
    core::for_each_lane(
        member, 1, [=](int, int lane) { log_density[lane] = largest[lane] + core::vector_log(sums[lane]); });
  }

  /// The bits themselves are compared, so that both precisions choose the same component.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void choose_components(const Member& member, core::PhiloxKey key,
                                                     const std::int64_t* numbers, std::uint32_t step) const {
    core::for_each_lane(member, 1, [=, words = words_, chosen = chosen_](int, int lane) {
      words[lane] = core::draw(key, static_cast<std::uint64_t>(numbers[lane]), step, 0).word[0];
      chosen[lane] = 0;
    });
    for (int c = 0; c + 1 < noise_.component_count; ++c) {
      const std::uint32_t upper = noise_.components[c].upper_word;
      core::for_each_lane(member, 1, [=, words = words_, chosen = chosen_](int, int lane) {
        chosen[lane] += words[lane] >= upper ? 1 : 0;
      });
    }
  }

  /// Writes m_c + L_c ξ to the lanes of component c; the first component writes to all.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place_component(const Member& member, int c, Scalar* x) const {
    const NoiseComponent<Scalar>& component = noise_.components[c];
    const Scalar* const mean = component.mean;
    const std::int32_t* const chosen = chosen_;
    if (noise_.shape == NoiseShape::diagonal) {
      core::for_each_lane(member, noise_.dimension,
                          [=, scale = component.scale, normal = ring_](int row, int lane) {
                            const int index = row * size + lane;
                            const Scalar value = mean[row] + scale[row] * normal[index];
                            x[index] = c == 0 || chosen[lane] == c ? value : x[index];
                          });
    } else {
      core::matrix_times_tile(member, component.factor, ring_, product_, size);
      core::for_each_lane(member, noise_.dimension, [=, product = product_](int row, int lane) {
        const int index = row * size + lane;
        x[index] = c == 0 || chosen[lane] == c ? mean[row] + product[index] : x[index];
      });
    }
  }

  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void sample_box(const Member& member, core::PhiloxKey key,
                                              const std::int64_t* numbers, std::uint32_t step,
                                              Scalar* x) const {
    core::for_each_lane(
        member, core::round_up(noise_.dimension, 4) / 4, [=, rows = ring_](int block, int lane) {
          const core::PhiloxBlock bits = core::draw(key, static_cast<std::uint64_t>(numbers[lane]), step,
                                                    static_cast<std::uint32_t>(1 + block));
          for (int word = 0; word < 4; ++word)
            rows[(4 * block + word) * size + lane] = core::uniform<Scalar>(bits.word[word]);
        });
    const Scalar* const minimum = noise_.minimum;
    const Scalar* const maximum = noise_.maximum;
    core::for_each_lane(member, noise_.dimension, [=, uniform = ring_](int row, int lane) {
      const Scalar value = minimum[row] + (maximum[row] - minimum[row]) * uniform[row * size + lane];
      x[row * size + lane] = value < maximum[row] ? value : maximum[row];  // rounding may pass the end
    });
  }

  NoiseView noise_;
  Scalar* ring_ = nullptr;     // standard normal or uniform rows
  Scalar* squares_ = nullptr;  // (tile_size), ‖L⁻¹(x - m)‖² of one component, then the largest term
  std::uint32_t* words_ = nullptr;  // (tile_size), random bits that choose the components
  std::int32_t* chosen_ = nullptr;  // (tile_size), the samples' components
  Scalar* sums_ = nullptr;          // (tile_size)
  Scalar* terms_ = nullptr;         // (C, tile_size), log densities of the components
  Scalar* centred_ = nullptr;       // (D, tile_size), x - m
  Scalar* product_ = nullptr;       // (D, tile_size)
};

}  // namespace ebmpi::sampling
