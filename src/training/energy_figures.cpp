// SPDX-License-Identifier: Apache-2.0
#include "training/energy_figures.hpp"

#include <cmath>
#include <limits>

#include "comm/exact_sum.hpp"
#include "network/evaluate.hpp"
#include "network/flow_energy.hpp"
#include "network/mlp_energy.hpp"

namespace ebmpi::training {
namespace {

/// Σ E, Σ ‖∇E‖², rows.
template <class Energy>
std::vector<double> sums_of(const Energy& energy, const core::Rows<typename Energy::Scalar>& rows) {
  using Scalar = typename Energy::Scalar;
  const std::size_t count = rows.extent(0), dimension = rows.extent(1);
  const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::training::energies", count);
  const core::Rows<Scalar> gradients("ebmpi::training::gradients", count, dimension);
  network::evaluate(core::ExecutionSpace(), energy, rows, energies, gradients);
  const auto energies_host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), energies);
  const auto gradients_host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), gradients);
  std::vector<double> sums{0.0, 0.0, static_cast<double>(count)};
  for (std::size_t row = 0; row < count; ++row) {
    sums[0] += static_cast<double>(energies_host(row));
    for (std::size_t d = 0; d < dimension; ++d) {
      sums[1] += static_cast<double>(gradients_host(row, d)) * static_cast<double>(gradients_host(row, d));
    }
  }
  return sums;
}

}  // namespace

template <class Energy>
EnergyFigures energy_figures(const comm::Communicator& communicator, const comm::ShardMap& shards,
                             const Energy& energy, const core::Rows<typename Energy::Scalar>& rows,
                             const std::vector<ShardRows>& shard_rows) {
  using Scalar = typename Energy::Scalar;
  std::vector<std::vector<double>> partials;
  for (const ShardRows& part : shard_rows) {
    const core::Rows<Scalar> own = Kokkos::subview(
        rows, std::pair<std::int64_t, std::int64_t>(part.first, part.first + part.count), Kokkos::ALL);
    partials.push_back(sums_of(energy, own));
  }
  const std::vector<double> sums = comm::sum_over_shards(communicator, shards, 3, partials);
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  if (!(sums[2] > 0.0)) return {undefined, undefined};
  return {sums[0] / sums[2], std::sqrt(sums[1] / sums[2])};
}

template EnergyFigures energy_figures(const comm::Communicator&, const comm::ShardMap&,
                                      const network::MlpEnergy<float>&, const core::Rows<float>&,
                                      const std::vector<ShardRows>&);
template EnergyFigures energy_figures(const comm::Communicator&, const comm::ShardMap&,
                                      const network::MlpEnergy<double>&, const core::Rows<double>&,
                                      const std::vector<ShardRows>&);
template EnergyFigures energy_figures(const comm::Communicator&, const comm::ShardMap&,
                                      const network::FlowEnergy<float>&, const core::Rows<float>&,
                                      const std::vector<ShardRows>&);
template EnergyFigures energy_figures(const comm::Communicator&, const comm::ShardMap&,
                                      const network::FlowEnergy<double>&, const core::Rows<double>&,
                                      const std::vector<ShardRows>&);

}  // namespace ebmpi::training
