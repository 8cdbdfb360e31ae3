// SPDX-License-Identifier: Apache-2.0
#include "evaluation/points.hpp"

#include <cstdint>

#include "comm/shards.hpp"
#include "network/evaluate.hpp"

namespace ebmpi::evaluation {
namespace {

/// value · factor of all ranks' numbers.
template <class View>
std::vector<double> gather(const comm::Communicator& communicator, const View& own, double factor) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), own);
  std::vector<double> values(host.data(), host.data() + host.size());
  for (double& value : values) value *= factor;
  return communicator.gather_all(values);
}

}  // namespace

template <class Scalar>
EvaluatedPoints evaluate_points(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                                std::span<const double> z) {
  const std::int64_t dimension = model.parts.dimension();
  const comm::IndexRange own = comm::balanced_slice(static_cast<std::int64_t>(z.size()) / dimension,
                                                    communicator.size(), communicator.rank());
  const core::Rows<Scalar> x("ebmpi::evaluation::points", own.size(), dimension);
  const core::Rows<Scalar> gradients("ebmpi::evaluation::point_gradients", own.size(), dimension);
  const Kokkos::View<Scalar*, core::MemorySpace> energies("ebmpi::evaluation::point_energies", own.size());
  const auto host = Kokkos::create_mirror_view(x);
  const std::span<const double> from = z.subspan(static_cast<std::size_t>(own.first * dimension));
  for (std::size_t i = 0; i < host.size(); ++i) host.data()[i] = static_cast<Scalar>(from[i]);
  Kokkos::deep_copy(x, host);
  network::evaluate(core::ExecutionSpace(), model.energy(), x, energies, gradients);
  return {gather(communicator, energies, -1.0 / model.temperature),
          gather(communicator, gradients, -1.0 / model.temperature)};
}

template EvaluatedPoints evaluate_points(const comm::Communicator&, const training::Model<float>&,
                                         std::span<const double>);
template EvaluatedPoints evaluate_points(const comm::Communicator&, const training::Model<double>&,
                                         std::span<const double>);

}  // namespace ebmpi::evaluation
