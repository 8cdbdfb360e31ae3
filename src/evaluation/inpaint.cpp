// SPDX-License-Identifier: Apache-2.0
#include "evaluation/inpaint.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/to_host.hpp"
#include "evaluation/chain_start.hpp"
#include "evaluation/row_moments.hpp"
#include "evaluation/row_pieces.hpp"

namespace ebmpi::evaluation {

namespace {

/// x = known where a coordinate is not free; all (N, K).
template <class Scalar>
void clamp(const core::Rows<Scalar>& known, const core::Rows<Scalar>& free, const core::Rows<Scalar>& x) {
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, x.extent(0));
  Kokkos::parallel_for(
      "ebmpi::evaluation::clamp_known", policy, KOKKOS_LAMBDA(std::int64_t row) {
        for (std::size_t d = 0; d < x.extent(1); ++d)
          if (free(row, d) == Scalar(0)) x(row, d) = known(row, d);
      });
}

}  // namespace

template <class Scalar>
Inpainter<Scalar>::Inpainter(const training::Model<Scalar>& model, const InpaintSettings& settings)
    : model_(model), settings_(settings) {
  model_.require_energy("'ebmpi inpaint'");
  if (!model_.transform.has_projection()) return;
  throw core::InputError(
      model_.checkpoint +
      " sees principal components of the data (data.pca > 0: a known number of a row is a coordinate of no "
      "component, so that nothing could be held fixed); train a model with data.pca = 0");
}

template <class Scalar>
bool Inpainter<Scalar>::is_unknown(std::span<const double> rows, std::size_t index) const {
  if (std::isnan(rows[index])) return true;
  const auto dimension = static_cast<std::size_t>(model_.transform.dimension());
  return !settings_.unknown.empty() && settings_.unknown[index % dimension];
}

template <class Scalar>
core::Rows<Scalar> Inpainter<Scalar>::start(std::int64_t first, const core::Rows<Scalar>& known,
                                            const core::Rows<Scalar>& free) const {
  const core::Rows<Scalar> x("ebmpi::evaluation::inpainted", known.extent(0), known.extent(1));
  const auto rows = static_cast<std::int64_t>(x.extent(0));
  draw_starts(model_, settings_.moves.seed, {first, first + rows}, x);
  clamp(known, free, x);
  return x;
}

template <class Scalar>
std::vector<double> Inpainter<Scalar>::in_data_units(std::span<const double> rows,
                                                     const core::Rows<Scalar>& z) const {
  const std::vector<Scalar> found = core::to_host(z);
  const std::vector<double> model_space(found.begin(), found.end());
  std::vector<double> x(rows.size());
  model_.transform.to_data(model_space, x);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!is_unknown(rows, i)) x[i] = rows[i];
  return x;
}

template <class Scalar>
void Inpainter<Scalar>::check_energies(std::int64_t first, const std::vector<Scalar>& energies) const {
  const auto bad = std::ranges::find_if(energies, [](Scalar energy) { return !std::isfinite(energy); });
  if (bad == energies.end()) return;
  throw core::InputError("row " + std::to_string(first + (bad - energies.begin())) +
                         " has no finite energy (its known numbers lie too far from the training data for "
                         "the model's precision); remove the row");
}

template <class Scalar>
InpaintedRows<Scalar> Inpainter<Scalar>::operator()(std::int64_t first, std::span<const double> rows) const {
  const auto dimension = static_cast<std::size_t>(model_.transform.dimension());
  const std::size_t count = rows.size() / dimension;
  InpaintedRows<Scalar> result;
  if (count == 0) return result;
  std::vector<double> known(rows.begin(), rows.end()), free(rows.size(), 0.0), z(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!is_unknown(rows, i)) continue;
    known[i] = model_.transform.mean()[i % dimension];
    free[i] = 1.0;
    ++result.unknown;
  }
  model_.transform.to_model(known, z);
  const auto length = static_cast<std::int64_t>(count);
  const auto clamped = to_device_rows<Scalar>(z, length, "ebmpi::evaluation::known");
  sampling::ChainTarget<Scalar> target;
  target.energy_weight = static_cast<Scalar>(1.0 / model_.temperature);
  target.free = to_device_rows<Scalar>(free, length, "ebmpi::evaluation::free");
  RowChains<Scalar> chains(model_.energy(), target, settings_.moves, first,
                           start(first, clamped, target.free));
  check_energies(first, chains.energies());
  chains.warm_up(settings_.warm_up);
  chains.advance(settings_.steps);
  RowMoments moments;
  if (settings_.keeps_draws) result.draws.resize(rows.size() * static_cast<std::size_t>(settings_.draws));
  for (std::int64_t draw = 0; draw < settings_.draws; ++draw) {
    if (draw > 0) chains.advance(settings_.thin);
    result.x = in_data_units(rows, chains.x());
    moments.add(result.x);
    for (std::size_t row = 0; settings_.keeps_draws && row < count; ++row) {
      const std::size_t place =
          row * static_cast<std::size_t>(settings_.draws) + static_cast<std::size_t>(draw);
      std::copy_n(result.x.begin() + static_cast<std::ptrdiff_t>(row * dimension), dimension,
                  result.draws.begin() + static_cast<std::ptrdiff_t>(place * dimension));
    }
  }
  result.mean = moments.mean();
  result.deviation = moments.deviation();
  result.energy = chains.energies();
  result.acceptance = chains.acceptance();
  return result;
}

template class Inpainter<float>;
template class Inpainter<double>;

}  // namespace ebmpi::evaluation
