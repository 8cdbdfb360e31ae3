// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/flow.hpp"
#include "support/golden.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

/// The flow of a case of flow.json, with its parameters.
inline network::FlowShape flow_shape_of(const GoldenCase& golden) {
  network::FlowShape shape;
  shape.dimension = static_cast<int>(golden["x"].size() / golden.rows);
  shape.couplings = static_cast<int>(golden["couplings"][0]);
  shape.hidden = golden.shape.hidden;
  shape.activation = golden.shape.activation;
  shape.mixing = golden["linear"][0] == 1.0 ? network::Mixing::linear : network::Mixing::permutation;
  return shape;
}

template <class Scalar>
network::Flow<Scalar> flow_with(const network::FlowShape& shape, const std::vector<double>& parameters) {
  network::Flow<Scalar> flow(shape);
  copy_to(converted<Scalar>(parameters), flow.parameters());
  flow.pack();
  return flow;
}

inline std::vector<GoldenCase> golden_flow_cases() {
  return golden_cases("flow.json");
}

/// The gradient that kernels have summed up, completed (P).
template <class Scalar>
std::vector<double> completed(const network::Flow<Scalar>& flow, const std::vector<double>& sums,
                              double volume_weight) {
  const auto gradient = to_device(converted<Scalar>(sums));
  flow.complete_gradient(volume_weight, gradient);
  return converted<double>(to_host(gradient));
}

/// Slots of the sums that a flow's kernels add to: its tensors, then `terms` single numbers.
inline std::vector<std::int64_t> flow_slots(const network::ParameterLayout& layout, int terms) {
  std::vector<std::int64_t> sizes;
  for (const auto& tensor : layout.tensors()) sizes.push_back(tensor.size());
  sizes.resize(sizes.size() + static_cast<std::size_t>(terms), 1);
  return sizes;
}

}  // namespace ebmpi::test
