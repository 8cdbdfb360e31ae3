// SPDX-License-Identifier: Apache-2.0
#include "evaluation/denoise.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/to_host.hpp"
#include "evaluation/row_moments.hpp"
#include "evaluation/row_pieces.hpp"
#include "network/evaluate.hpp"

namespace ebmpi::evaluation {

namespace {

using network::AffineMap;

/// u = (x - mean)/σ to model space: z = P (σ/scale · u).
AffineMap to_model_space(const data::DataTransform& transform, const std::vector<double>& noise) {
  std::vector<double> scale = noise;
  for (std::size_t d = 0; d < scale.size(); ++d) scale[d] /= transform.scale()[d];
  if (!transform.has_projection())
    return AffineMap::diagonal(std::move(scale), std::vector<double>(noise.size(), 0.0));
  std::vector<double> matrix = transform.projection();
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] *= scale[i % scale.size()];
  return AffineMap::dense(transform.dimension(), std::move(matrix),
                          std::vector<double>(static_cast<std::size_t>(transform.model_dimension()), 0.0));
}

std::vector<double> in_units_of_noise(const data::DataTransform& transform, const std::vector<double>& noise,
                                      std::span<const double> y) {
  std::vector<double> u(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t d = i % noise.size();
    u[i] = (y[i] - transform.mean()[d]) / noise[d];
  }
  return u;
}

template <class Scalar>
core::Rows<Scalar> copy_of(const core::Rows<Scalar>& rows) {
  const core::Rows<Scalar> copy("ebmpi::evaluation::denoised", rows.extent(0), rows.extent(1));
  Kokkos::deep_copy(copy, rows);
  return copy;
}

template <class Value, class From>
std::vector<Value> converted(const std::vector<From>& values) {
  return std::vector<Value>(values.begin(), values.end());
}

}  // namespace

template <class Scalar>
Denoiser<Scalar>::Denoiser(const training::Model<Scalar>& model, const DenoiseSettings& settings)
    : model_(model),
      settings_(settings),
      energy_(model.parts.seen_through(to_model_space(model.transform, settings.noise))) {
  if (model_.gives_energy || settings_.method == DenoiseMethod::tweedie) return;
  throw core::InputError(
      model_.checkpoint +
      " holds a score network (it gives the score of a point but no energy, which the posterior of a clean "
      "row needs); use --method tweedie, which needs the score only and holds where it was trained on rows "
      "with this noise, or train an energy with network.kind = \"mlp\"");
}

template <class Scalar>
DenoisedRows<Scalar> Denoiser<Scalar>::operator()(std::int64_t first, std::span<const double> y) const {
  const auto rows = static_cast<std::int64_t>(y.size() / settings_.noise.size());
  DenoisedRows<Scalar> result;
  if (rows == 0) return result;
  const auto u = to_device_rows<Scalar>(in_units_of_noise(model_.transform, settings_.noise, y), rows,
                                        "ebmpi::evaluation::noisy");
  switch (settings_.method) {
    case DenoiseMethod::map:
      finish(first, y, descend(u, result), result);
      break;
    case DenoiseMethod::annealed:
      finish(first, y, anneal(first, u, result), result);
      break;
    case DenoiseMethod::sample:
      finish(first, y, sample(first, u, result), result);
      break;
    case DenoiseMethod::tweedie:
      finish(first, y, follow_score(u), result);
      break;
  }
  return result;
}

template <class Scalar>
sampling::ChainTarget<Scalar> Denoiser<Scalar>::target(const core::Rows<Scalar>& y) const {
  sampling::ChainTarget<Scalar> target;
  target.energy_weight = static_cast<Scalar>(1.0 / model_.temperature);
  target.spring = 1;
  target.centre = y;
  return target;
}

template <class Scalar>
std::vector<double> Denoiser<Scalar>::descend(const core::Rows<Scalar>& y, DenoisedRows<Scalar>& rows) const {
  using Numbers = Kokkos::View<Scalar*, core::MemorySpace>;
  const auto count = y.extent(0);
  const sampling::DescentState<Scalar> state{copy_of(y), Numbers("ebmpi::evaluation::energies", count),
                                             Numbers("ebmpi::evaluation::slopes", count),
                                             Numbers("ebmpi::evaluation::iterations", count)};
  sampling::descend(core::ExecutionSpace(), energy_.view(), 1.0 / model_.temperature, y, settings_.descent,
                    state);
  rows.energy = core::to_host(state.energy);
  rows.slope = converted<double>(core::to_host(state.slope));
  for (double& slope : rows.slope) slope /= std::sqrt(static_cast<double>(y.extent(1)));
  return converted<double>(core::to_host(state.x));
}

template <class Scalar>
std::vector<double> Denoiser<Scalar>::anneal(std::int64_t first, const core::Rows<Scalar>& y,
                                             DenoisedRows<Scalar>& rows) const {
  RowChains<Scalar> chains(energy_.view(), target(y), settings_.moves, first, copy_of(y));
  chains.set_temperature(settings_.hottest);
  chains.warm_up(settings_.warm_up);
  for (std::int64_t level = 0; level < settings_.levels; ++level) {
    const double way = static_cast<double>(level) / static_cast<double>(settings_.levels - 1);
    chains.set_temperature(settings_.hottest * std::pow(settings_.coldest / settings_.hottest, way));
    chains.advance(settings_.steps_at_a_level);
  }
  rows.energy = chains.energies();
  rows.acceptance = chains.acceptance();
  return converted<double>(core::to_host(chains.x()));
}

template <class Scalar>
std::vector<double> Denoiser<Scalar>::sample(std::int64_t first, const core::Rows<Scalar>& y,
                                             DenoisedRows<Scalar>& rows) const {
  RowChains<Scalar> chains(energy_.view(), target(y), settings_.moves, first, copy_of(y));
  chains.warm_up(settings_.warm_up);
  RowMoments moments;
  for (std::int64_t draw = 0; draw < settings_.draws; ++draw) {
    chains.advance(settings_.thin);
    moments.add(converted<double>(core::to_host(chains.x())));
  }
  rows.acceptance = chains.acceptance();
  rows.deviation = converted<Scalar>(moments.deviation());
  for (std::size_t i = 0; i < rows.deviation.size(); ++i)
    rows.deviation[i] *= static_cast<Scalar>(settings_.noise[i % settings_.noise.size()]);
  return moments.mean();
}

/// Tweedie's formula (Efron 2011, doi:10.1198/jasa.2011.tm11181).
template <class Scalar>
std::vector<double> Denoiser<Scalar>::follow_score(const core::Rows<Scalar>& y) const {
  const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::energies", y.extent(0));
  const core::Rows<Scalar> gradients("ebmpi::evaluation::gradients", y.extent(0), y.extent(1));
  network::evaluate(core::ExecutionSpace(), energy_.view(), y, energies, gradients);
  std::vector<double> u = converted<double>(core::to_host(y));
  const std::vector<Scalar> slopes = core::to_host(gradients);
  for (std::size_t i = 0; i < u.size(); ++i) u[i] -= static_cast<double>(slopes[i]) / model_.temperature;
  return u;
}

/// From u (B, D), where rows have come to: x, the displacement and, where they are missing, the energies.
template <class Scalar>
void Denoiser<Scalar>::finish(std::int64_t first, std::span<const double> y, const std::vector<double>& u,
                              DenoisedRows<Scalar>& rows) const {
  const std::vector<double>& noise = settings_.noise;
  const std::vector<double> start = in_units_of_noise(model_.transform, noise, y);
  const std::size_t count = u.size() / noise.size();
  if (rows.energy.empty() && model_.gives_energy) {
    const auto at = to_device_rows<Scalar>(u, static_cast<std::int64_t>(count), "ebmpi::evaluation::rows");
    const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::energies", count);
    network::evaluate(core::ExecutionSpace(), energy_.view(), at, energies);
    rows.energy = core::to_host(energies);
  }
  for (std::size_t row = 0; row < count; ++row) {
    double square = 0.0;
    for (std::size_t d = 0; d < noise.size(); ++d) {
      const std::size_t i = row * noise.size() + d;
      const double from = static_cast<double>(static_cast<Scalar>(start[i]));  // as the kernels have it
      const double move = noise[d] * (u[i] - from);
      square += move * move;
      rows.x.push_back(static_cast<Scalar>(y[i] + move));
    }
    rows.displacement.push_back(static_cast<Scalar>(std::sqrt(square)));
    const bool is_finite = std::isfinite(square) &&
                           (rows.energy.empty() || std::isfinite(rows.energy[row])) &&
                           (rows.slope.empty() || std::isfinite(rows.slope[row]));
    if (is_finite) continue;
    throw core::InputError("row " + std::to_string(first + static_cast<std::int64_t>(row)) +
                           " has no finite energy (it lies too far from the training data for the model's "
                           "precision); remove the row");
  }
}

template class Denoiser<float>;
template class Denoiser<double>;

}  // namespace ebmpi::evaluation
