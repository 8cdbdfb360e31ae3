// SPDX-License-Identifier: Apache-2.0
#include "evaluation/model_chains.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/error.hpp"
#include "core/random.hpp"
#include "core/to_device.hpp"
#include "io/file_reader.hpp"
#include "network/evaluate.hpp"
#include "sampling/langevin.hpp"
#include "sampling/start.hpp"

namespace ebmpi::evaluation {

using core::ExecutionSpace;

namespace {

template <class Scalar>
std::vector<Scalar> to_host(const Scalar* values, std::size_t count) {
  const Kokkos::View<const Scalar*, core::MemorySpace> device(values, count);
  std::vector<Scalar> host(count);
  Kokkos::deep_copy(Kokkos::View<Scalar*, Kokkos::HostSpace>(host.data(), count), device);
  return host;
}

/// Rows i mod C for i in `rows`, read in pieces that do not wrap; every rank makes the same number of calls.
template <class Scalar>
std::vector<Scalar> read_cyclic(const comm::Communicator& communicator, const io::FileReader& file,
                                const std::string& data_set, std::int64_t cycle, comm::IndexRange rows) {
  const auto calls_for = [cycle](comm::IndexRange range) {
    return range.size() == 0 ? 0 : (range.last - 1) / cycle - range.first / cycle + 1;
  };
  std::array<std::int64_t, 1> calls{calls_for(rows)};
  communicator.max(calls);
  std::vector<Scalar> values;
  std::int64_t next = rows.first;
  for (std::int64_t call = 0; call < calls[0]; ++call) {
    const std::int64_t count = std::min(rows.last - next, cycle - next % cycle);
    const std::vector<Scalar> piece = file.read_rows<Scalar>(data_set, count > 0 ? next % cycle : 0, count);
    values.insert(values.end(), piece.begin(), piece.end());
    next += count;
  }
  return values;
}

Kokkos::View<std::int64_t*, core::MemorySpace> chain_numbers(comm::IndexRange rows) {
  const Kokkos::View<std::int64_t*, core::MemorySpace> numbers("ebmpi::evaluation::chain_numbers",
                                                               rows.size());
  const std::int64_t first = rows.first;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, rows.size());
  Kokkos::parallel_for(
      "ebmpi::evaluation::number_chains", policy,
      KOKKOS_LAMBDA(std::int64_t row) { numbers(row) = first + row; });
  return numbers;
}

template <class Scalar>
void check_finite(const comm::Communicator& communicator, comm::IndexRange rows,
                  const core::Rows<Scalar>& x) {
  communicator.together([&] {
    const std::vector<Scalar> host = to_host(x.data(), x.size());
    const auto bad = std::ranges::find_if(host, [](Scalar value) { return !std::isfinite(value); });
    if (bad == host.end()) return;
    const std::int64_t chain = rows.first + (bad - host.begin()) / static_cast<std::int64_t>(x.extent(1));
    throw core::DivergenceError("chain " + std::to_string(chain) +
                                " ran away to infinity (its steps are too long for the slope of the energy, "
                                "or the energy falls for ever); use a smaller --step-size or fewer --steps");
  });
}

}  // namespace

template <class Scalar>
core::Rows<Scalar> start_from_noise(const training::Model<Scalar>& model, std::uint64_t seed,
                                    comm::IndexRange rows) {
  const sampling::StartDistribution<Scalar> start{
      core::to_device<Scalar>(model.moments.mean, "ebmpi::evaluation::start_mean"),
      core::to_device<Scalar>(model.moments.deviation, "ebmpi::evaluation::start_deviation")};
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::sample_start);
  const core::Rows<Scalar> x("ebmpi::evaluation::chains", rows.size(), model.transform.model_dimension());
  const std::int64_t first = rows.first;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, rows.size());
  Kokkos::parallel_for(
      "ebmpi::evaluation::start_from_noise", policy,
      KOKKOS_LAMBDA(std::int64_t row) { start(key, first + row, 0, x, row); });
  return x;
}

template <class Scalar>
core::Rows<Scalar> start_from_file(const comm::Communicator& communicator,
                                   const training::Model<Scalar>& model, const std::string& file,
                                   const std::string& data_set, comm::IndexRange rows) {
  const std::int64_t dimension = model.transform.model_dimension();
  const io::FileReader reader(communicator, file);
  const std::vector<std::int64_t> shape = reader.shape(data_set);
  if (shape.size() != 2 || shape[0] == 0 || shape[1] != dimension) {
    throw core::FileError(file + ": " + data_set + " holds no chains of this model (it needs shape (C, " +
                          std::to_string(dimension) + ")); name a file that belongs to " + model.checkpoint);
  }
  const std::vector<Scalar> values = read_cyclic<Scalar>(communicator, reader, data_set, shape[0], rows);
  const core::Rows<Scalar> x("ebmpi::evaluation::chains", rows.size(), dimension);
  const auto host = Kokkos::create_mirror_view(x);
  std::ranges::copy(values, host.data());
  Kokkos::deep_copy(x, host);
  return x;
}

namespace {

/// `settings.steps` steps in one energy, from noise segment `segment` on; returns the next one.
template <class Scalar>
std::int64_t run_level(const network::MlpEnergy<Scalar>& energy, const ChainSettings& settings,
                       double step_size, std::int64_t segment, const sampling::Chains<Scalar>& chains) {
  const core::PhiloxKey key = core::stream_key(settings.seed, core::Purpose::sample_noise);
  sampling::LangevinSettings langevin;
  langevin.step_size = step_size;
  langevin.noise_scale = std::sqrt(2.0 * step_size * settings.temperature);
  langevin.gradient_clip = settings.gradient_clip;
  for (std::int64_t done = 0; done < settings.steps; done += segment_steps, ++segment) {
    langevin.steps = static_cast<int>(std::min(segment_steps, settings.steps - done));
    sampling::run_langevin(ExecutionSpace(), energy, langevin, key, static_cast<std::uint32_t>(segment),
                           chains);
  }
  return segment;
}

}  // namespace

template <class Scalar>
std::int64_t run_chains(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                        const ChainSettings& settings, comm::IndexRange rows, const core::Rows<Scalar>& x) {
  const sampling::Chains<Scalar> chains{x, chain_numbers(rows)};
  std::int64_t segment = settings.segments_done;
  if (settings.sigmas.empty())
    segment = run_level(model.energy(), settings, settings.step_size, segment, chains);
  for (const double sigma : settings.sigmas) {
    const double ratio = sigma / settings.sigmas.back();
    segment = run_level(training::model_energy(model.network, model.config, sigma), settings,
                        settings.step_size * ratio * ratio, segment, chains);
  }
  check_finite(communicator, rows, x);
  return segment;
}

template <class Scalar>
ChainEnds<Scalar> chain_ends(const training::Model<Scalar>& model, const core::Rows<Scalar>& x) {
  const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::energies", x.extent(0));
  network::evaluate(ExecutionSpace(), model.energy(), x, energies);
  ChainEnds<Scalar> ends{to_host(x.data(), x.size()), {}, to_host(energies.data(), energies.size())};
  const auto dimension = static_cast<std::size_t>(model.transform.dimension());
  const std::vector<double> z(ends.model_x.begin(), ends.model_x.end());
  std::vector<double> data(ends.energy.size() * dimension);
  model.transform.to_data(z, data);
  ends.x.assign(data.begin(), data.end());
  return ends;
}

#define EBMPI_INSTANTIATE(Scalar)                                                                        \
  template core::Rows<Scalar> start_from_noise(const training::Model<Scalar>&, std::uint64_t,            \
                                               comm::IndexRange);                                        \
  template core::Rows<Scalar> start_from_file(const comm::Communicator&, const training::Model<Scalar>&, \
                                              const std::string&, const std::string&, comm::IndexRange); \
  template std::int64_t run_chains(const comm::Communicator&, const training::Model<Scalar>&,            \
                                   const ChainSettings&, comm::IndexRange, const core::Rows<Scalar>&);   \
  template ChainEnds<Scalar> chain_ends(const training::Model<Scalar>&, const core::Rows<Scalar>&);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::evaluation
