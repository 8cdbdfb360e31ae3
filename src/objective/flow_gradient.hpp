// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network/flow.hpp"
#include "objective/jet_gradient.hpp"
#include "objective/objective.hpp"

namespace ebmpi::objective {

/// What the flow of flow-contrastive estimation, or a flow alone, adds up over its samples; the sums of
/// `flow_terms` numbers stand behind the flow's tensors.
enum class FlowTerm : int {
  loss,           ///< as `FlowTask` has it
  energy_data,    ///< E over the data
  energy_noise,   ///< E over the flow's samples
  hits_data,      ///< data that is told from the samples
  hits_noise,     ///< samples that are told from the data
  log_density,    ///< log q over the data
  volume_weight,  ///< derivatives with respect to log|det ∂z/∂x|, for Flow::complete_gradient
  count
};
inline constexpr int flow_terms = static_cast<int>(FlowTerm::count);

/// The energy that a flow plays against: log p(x) = -E(x) + c.
template <class Scalar>
using Rival = network::MlpView<Scalar>;

/// Adds to `adder`, whose slots are the flow's tensors and the terms, what the flow descends.
///
/// Flow-contrastive estimation (Gao et al. 2020, arXiv 1912.00589), with a rival, which learns its log
/// normaliser: V = E_data log h(x) + E_z log(1 - h(g(z))), h = p/(p + q) = 1/(1 + e^-u), u = log p - log q.
/// The data enter through log q(x), with ∂V/∂log q = -(1 - h); the samples through their path x = g(z) and
/// log q(x) = log N(z) - log|det ∂x/∂z|, with ∂V/∂x = h ∇E and ∂V/∂log|det ∂x/∂z| = -h. The term `loss` is
/// -V, which the energy ascends with the same samples, and which tends to log 4 where p = q = data.
///
/// Maximum likelihood, without a rival: the loss is -log q over the data; blocks of negatives are not
/// looked at. Blocks of background are the energy's alone.
///
/// `batch`: blocks in the role of data are rows of `samples` (N, D); those of negatives are samples of the
/// flow with the numbers from `number` on at `batch.step`, drawn from `key`.
template <class Scalar>
void add_flow_gradients(const core::ExecutionSpace& space, const network::FlowView<Scalar>& flow,
                        const Rival<Scalar>* rival, const JetBatch<Scalar>& batch, core::PhiloxKey key,
                        Task task, const core::FixedPointAdder& adder, int workers);

/// The figures of flow-contrastive estimation from the sums over `rows` data rows and as many samples: loss
/// (-V) and energy_data, energy_noise, accuracy as noise contrastive estimation has them.
LossReport report_flow_contrast(std::span<const double> sums, double rows);

/// Those of maximum likelihood: loss (-log q).
LossReport report_flow_likelihood(std::span<const double> sums, double rows);

/// Work of a data row, with its sample where there is a rival, in units of W, the flow's weights: a pass
/// through the flow is 2W, its sweep 6W.
inline double flow_work(bool has_rival) {
  return has_rival ? 12.0 : 6.0;
}

}  // namespace ebmpi::objective
