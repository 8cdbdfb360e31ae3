// SPDX-License-Identifier: Apache-2.0
#include "evaluation/annealing_space.hpp"

#include <cmath>
#include <numbers>

#include "network/flow_density.hpp"

namespace ebmpi::evaluation {

template <class Scalar>
network::EnergyModel<Scalar> AnnealingSpace<Scalar>::energy_of(const training::Model<Scalar>& model) const {
  return flow_ ? model.parts.seen_through(*flow_, model.temperature)
               : model.parts.seen_through(base_.to_model);
}

template <class Scalar>
std::vector<double> AnnealingSpace<Scalar>::to_model(std::span<const double> rows) const {
  return flow_ ? through_flow(rows, network::FlowDirection::generate) : map_rows(base_.to_model, rows);
}

template <class Scalar>
std::vector<double> AnnealingSpace<Scalar>::from_model(std::span<const double> rows) const {
  return flow_ ? through_flow(rows, network::FlowDirection::normalize) : map_rows(base_.from_model, rows);
}

template <class Scalar>
double AnnealingSpace<Scalar>::log_partition(std::int64_t dimension) const {
  // The volume of a flow is part of the energy that it makes.
  if (flow_) return 0.5 * static_cast<double>(dimension) * std::log(2.0 * std::numbers::pi);
  return base_.log_partition();
}

template <class Scalar>
std::vector<double> AnnealingSpace<Scalar>::through_flow(std::span<const double> rows,
                                                         network::FlowDirection direction) const {
  const auto dimension = static_cast<std::size_t>(flow_->shape().dimension);
  const core::Rows<Scalar> points("ebmpi::evaluation::flow_points", rows.size() / dimension, dimension);
  const auto host = Kokkos::create_mirror_view(points);
  for (std::size_t i = 0; i < rows.size(); ++i)
    host(i / dimension, i % dimension) = static_cast<Scalar>(rows[i]);
  Kokkos::deep_copy(points, host);
  network::map_through_flow(core::ExecutionSpace(), flow_->view(), direction, points, points, {});
  Kokkos::deep_copy(host, points);
  std::vector<double> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    result[i] = static_cast<double>(host(i / dimension, i % dimension));
  return result;
}

template class AnnealingSpace<float>;
template class AnnealingSpace<double>;

}  // namespace ebmpi::evaluation
