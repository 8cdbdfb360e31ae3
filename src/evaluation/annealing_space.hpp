// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "evaluation/annealing_base.hpp"
#include "network/flow.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// The coordinates u of annealing, in which its base is the standard normal: an affine map of model space, or
/// a flow, whose density is then the base (Hoffman et al. 2019, arXiv 1903.03704, move chains in such
/// coordinates).
template <class Scalar>
class AnnealingSpace {
public:
  AnnealingSpace(AnnealingBase base) : base_(std::move(base)) {}
  /// A flow of model space, packed.
  explicit AnnealingSpace(network::Flow<Scalar> flow) : flow_(std::move(flow)) {}

  /// "flow", or the kind of the normal distribution.
  const char* kind() const { return flow_ ? "flow" : base_.kind.c_str(); }
  /// The model's energy as a function of u.
  network::EnergyModel<Scalar> energy_of(const training::Model<Scalar>& model) const;
  /// Rows (N, K) from u to model space, and back.
  std::vector<double> to_model(std::span<const double> rows) const;
  std::vector<double> from_model(std::span<const double> rows) const;
  /// What log Z of the base's unit, exp(-½‖u‖²), is in model space.
  double log_partition(std::int64_t dimension) const;

private:
  std::vector<double> through_flow(std::span<const double> rows, network::FlowDirection direction) const;

  AnnealingBase base_;
  std::optional<network::Flow<Scalar>> flow_;
};

}  // namespace ebmpi::evaluation
