// SPDX-License-Identifier: Apache-2.0
#include "sampling/noise_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/error.hpp"
#include "core/to_device.hpp"

namespace ebmpi::sampling {
namespace {

using core::PanelMatrix;

/// L⁻¹ of a lower triangular L (n, n), which is lower triangular too.
std::vector<double> inverse_of(const double* factor, std::size_t n) {
  std::vector<double> inverse(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    double* const row = &inverse[i * n];
    row[i] = 1.0;
    for (std::size_t k = 0; k < i; ++k) {
      for (std::size_t j = 0; j <= k; ++j) row[j] -= factor[i * n + k] * inverse[k * n + j];
    }
    for (std::size_t j = 0; j <= i; ++j) row[j] /= factor[i * n + i];
  }
  return inverse;
}

bool is_diagonal(const std::vector<double>& factors, std::size_t n) {
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const std::size_t row = i / n % n, column = i % n;
    if (column < row && factors[i] != 0.0) return false;
  }
  return true;
}

template <class Scalar>
void check(const NoiseMixture& mixture) {
  const std::size_t components = mixture.weights.size();
  const std::size_t dimension = components == 0 ? 0 : mixture.means.size() / components;
  if (dimension == 0 || mixture.means.size() != components * dimension ||
      mixture.factors.size() != mixture.means.size() * dimension) {
    throw std::invalid_argument("NoiseModel got weights, means and factors whose sizes do not fit together");
  }
  const auto usable = [](double value) {
    return std::isfinite(value) && static_cast<Scalar>(value) >= std::numeric_limits<Scalar>::min() &&
           std::isfinite(static_cast<Scalar>(1.0 / value));
  };
  bool good = std::ranges::all_of(mixture.weights, usable);
  for (std::size_t i = 0; i < mixture.means.size(); ++i)
    good = good && usable(mixture.factors[i * dimension + i % dimension]);
  if (good) return;
  throw core::InputError(
      "the Gaussians of the noise have a width or a weight that is zero or not finite (their density cannot "
      "be "
      "computed in this precision); set data.standardize = true or run.precision = \"double\"");
}

/// Numbers on their way to the device, with the places where each array starts.
template <class Scalar>
class Packing {
public:
  /// Appends `count` zeros and returns their place.
  std::size_t append(std::size_t count) {
    numbers.resize(numbers.size() + count);
    return numbers.size() - count;
  }
  /// Panels start where device memory is aligned: a GPU reads them in pieces of 16 bytes.
  std::size_t append_panels(const double* matrix, int n) {
    constexpr std::size_t alignment = core::TileShape<Scalar>::alignment;
    append((alignment - numbers.size() % alignment) % alignment);
    const std::size_t place = append(PanelMatrix<Scalar>::size(n, n));
    for (int row = 0; row < n; ++row) {
      for (int column = 0; column < n; ++column) {
        numbers[place + PanelMatrix<Scalar>::position(row, column, n)] =
            static_cast<Scalar>(matrix[static_cast<std::size_t>(row) * n + column]);
      }
    }
    return place;
  }

  std::vector<Scalar> numbers;
};

}  // namespace

template <class Scalar>
NoiseModel<Scalar>::NoiseModel(const NoiseMixture& mixture) {
  check<Scalar>(mixture);
  const std::size_t components = mixture.weights.size(), size = mixture.means.size() / components;
  const int dimension = static_cast<int>(size);
  view_.shape = is_diagonal(mixture.factors, size) ? NoiseShape::diagonal : NoiseShape::full;
  view_.dimension = dimension;
  view_.component_count = static_cast<int>(components);

  Packing<Scalar> packing;
  const std::size_t means = packing.append(components * size), scales = packing.append(components * size),
                    inverse_scales = packing.append(components * size);
  for (std::size_t i = 0; i < components * size; ++i) {
    const double scale = mixture.factors[i * size + i % size];
    packing.numbers[means + i] = static_cast<Scalar>(mixture.means[i]);
    packing.numbers[scales + i] = static_cast<Scalar>(scale);
    packing.numbers[inverse_scales + i] = static_cast<Scalar>(1.0 / scale);
  }
  std::vector<std::size_t> factors(components), whitenings(components);
  if (view_.shape == NoiseShape::full) {
    for (std::size_t c = 0; c < components; ++c) {
      const double* const factor = &mixture.factors[c * size * size];
      factors[c] = packing.append_panels(factor, dimension);
      whitenings[c] = packing.append_panels(inverse_of(factor, size).data(), dimension);
    }
  }
  numbers_ = core::to_device<Scalar>(packing.numbers, "ebmpi::sampling::noise_numbers");

  components_ = decltype(components_)("ebmpi::sampling::noise_components", components);
  const auto host = Kokkos::create_mirror_view(components_);
  const double total = std::accumulate(mixture.weights.begin(), mixture.weights.end(), 0.0);
  const double log_root_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
  double weight_so_far = 0.0;
  for (std::size_t c = 0; c < components; ++c) {
    double log_peak = std::log(mixture.weights[c] / total);
    for (std::size_t i = 0; i < size; ++i)
      log_peak -= std::log(mixture.factors[(c * size + i) * size + i]) + log_root_two_pi;
    weight_so_far += mixture.weights[c] / total;
    NoiseComponent<Scalar>& component = host(c);
    component.factor = {numbers_.data() + factors[c], dimension, dimension};
    component.whitening = {numbers_.data() + whitenings[c], dimension, dimension};
    component.mean = numbers_.data() + means + c * size;
    component.scale = numbers_.data() + scales + c * size;
    component.inverse_scale = numbers_.data() + inverse_scales + c * size;
    component.log_peak = static_cast<Scalar>(log_peak);
    component.upper_word = static_cast<std::uint32_t>(std::min(weight_so_far * 0x1p32, 0x1p32 - 1.0));
  }
  Kokkos::deep_copy(components_, host);
  view_.components = components_.data();
}

template <class Scalar>
NoiseModel<Scalar>::NoiseModel(const NoiseBox& box) {
  const std::size_t dimension = box.minimum.size();
  if (dimension == 0 || box.maximum.size() != dimension)
    throw std::invalid_argument("NoiseModel got a box whose corners do not fit together");
  std::vector<Scalar> corners;
  for (const double value : box.minimum) corners.push_back(static_cast<Scalar>(value));
  for (const double value : box.maximum) corners.push_back(static_cast<Scalar>(value));
  double log_volume = 0.0;
  for (std::size_t d = 0; d < dimension; ++d) {
    const Scalar length = corners[dimension + d] - corners[d];
    if (!(length > Scalar(0)) || !std::isfinite(length)) {
      throw core::InputError(
          "the box of uniform noise has no finite length in coordinate " + std::to_string(d) +
          " (its density would not be finite); remove the column, or set objective.noise = \"gaussian\"");
    }
    log_volume += std::log(static_cast<double>(length));
  }
  numbers_ = core::to_device<Scalar>(corners, "ebmpi::sampling::noise_numbers");
  view_.shape = NoiseShape::uniform;
  view_.dimension = static_cast<int>(dimension);
  view_.minimum = numbers_.data();
  view_.maximum = numbers_.data() + dimension;
  view_.box_log_density = static_cast<Scalar>(-log_volume);
}

namespace detail {

/// Lays out x (D, tile_size), log densities, numbers and the tile's own workspace.
template <class Scalar>
struct NoiseWorkspace {
  KOKKOS_FORCEINLINE_FUNCTION NoiseWorkspace(const NoiseView<Scalar>& noise, core::ScratchArena arena)
      : x(arena.take<Scalar>(static_cast<std::size_t>(noise.dimension) * core::tile_size)),
        log_density(arena.take<Scalar>(core::tile_size)),
        numbers(arena.take<std::int64_t>(core::tile_size)),
        tile(noise, arena),
        bytes(arena.used()) {}

  Scalar* x;
  Scalar* log_density;
  std::int64_t* numbers;
  typename NoiseView<Scalar>::Tile tile;
  std::size_t bytes;
};

template <class Rows>
KOKKOS_FORCEINLINE_FUNCTION int rows_of_tile(const Rows& rows, std::int64_t first) {
  const std::int64_t left = static_cast<std::int64_t>(rows.extent(0)) - first;
  return left < core::tile_size ? static_cast<int>(left) : core::tile_size;
}

}  // namespace detail

template <class Scalar>
void draw_noise(const core::ExecutionSpace& space, const NoiseView<Scalar>& noise, core::PhiloxKey key,
                std::uint32_t step, std::int64_t first_number, const core::Rows<Scalar>& x,
                const Kokkos::View<Scalar*, core::MemorySpace>& log_density) {
  core::for_each_tile<Scalar>(
      space, "ebmpi::sampling::draw_noise", static_cast<std::int64_t>(x.extent(0)),
      detail::NoiseWorkspace<Scalar>(noise, core::ScratchArena(nullptr)).bytes,
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        const detail::NoiseWorkspace<Scalar> work(noise, arena);
        const int count = detail::rows_of_tile(x, first);
        core::for_each(member, core::tile_size,
                       [&](int lane) { work.numbers[lane] = first_number + first + lane; });
        work.tile.sample(member, key, work.numbers, step, work.x);
        core::store_tile(member, work.x, x, first, count);
        if (!log_density.data()) return;
        work.tile.log_density(member, work.x, work.log_density);
        core::for_each(member, count, [&](int lane) { log_density(first + lane) = work.log_density[lane]; });
      });
}

template <class Scalar>
void noise_log_density(const core::ExecutionSpace& space, const NoiseView<Scalar>& noise,
                       const core::Rows<Scalar>& x,
                       const Kokkos::View<Scalar*, core::MemorySpace>& log_density) {
  core::for_each_tile<Scalar>(
      space, "ebmpi::sampling::noise_log_density", static_cast<std::int64_t>(x.extent(0)),
      detail::NoiseWorkspace<Scalar>(noise, core::ScratchArena(nullptr)).bytes,
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        const detail::NoiseWorkspace<Scalar> work(noise, arena);
        const int count = detail::rows_of_tile(x, first);
        core::load_tile(member, x, first, count, work.x);
        work.tile.log_density(member, work.x, work.log_density);
        core::for_each(member, count, [&](int lane) { log_density(first + lane) = work.log_density[lane]; });
      });
}

template class NoiseModel<float>;
template class NoiseModel<double>;
template void draw_noise(const core::ExecutionSpace&, const NoiseView<float>&, core::PhiloxKey, std::uint32_t,
                         std::int64_t, const core::Rows<float>&,
                         const Kokkos::View<float*, core::MemorySpace>&);
template void draw_noise(const core::ExecutionSpace&, const NoiseView<double>&, core::PhiloxKey,
                         std::uint32_t, std::int64_t, const core::Rows<double>&,
                         const Kokkos::View<double*, core::MemorySpace>&);
template void noise_log_density(const core::ExecutionSpace&, const NoiseView<float>&,
                                const core::Rows<float>&, const Kokkos::View<float*, core::MemorySpace>&);
template void noise_log_density(const core::ExecutionSpace&, const NoiseView<double>&,
                                const core::Rows<double>&, const Kokkos::View<double*, core::MemorySpace>&);

}  // namespace ebmpi::sampling
