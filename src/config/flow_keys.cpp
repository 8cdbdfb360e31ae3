// SPDX-License-Identifier: Apache-2.0
#include "config/derived.hpp"
#include "config/key_entries.hpp"

namespace ebmpi::config {

void add_flow(std::vector<Key>& keys) {
  constexpr auto flow = &RunConfig::flow;
  constexpr Condition with_flow = {has_flow, "objective.kind",
                                   "applies only with objective.kind = \"flow_contrastive_estimation\" or "
                                   "\"flow_maximum_likelihood\"",
                                   "remove it: the other objectives train no flow"};
  constexpr Condition with_contrast = {is_flow_contrast, "objective.kind",
                                       "applies only with objective.kind = \"flow_contrastive_estimation\"",
                                       "remove it; a flow alone learns at optimizer.learning_rate"};
  keys.insert(
      keys.end(),
      {{"flow", "couplings", whole_number<flow, &FlowSection::couplings>(1, 256),
        "Affine couplings of the normalising flow, each after an activation normalisation and a mixing of "
        "the coordinates.",
        when(with_flow)},
       {"flow", "hidden", WholeNumberList{field<flow, &FlowSection::hidden>(), {1, 65536}, 64},
        "Widths of the hidden layers of each coupling's network.", when(with_flow)},
       {"flow", "activation", choice<flow, &FlowSection::activation>(),
        "Activation function of their hidden layers; with relu or leaky_relu the flow's density has kinks.",
        when(with_flow)},
       {"flow", "mixing", choice<flow, &FlowSection::mixing>(),
        "What mixes the coordinates between couplings; linear: an invertible matrix that is learned; "
        "permutation: a fixed shuffle.",
        when(with_flow)},
       {"flow", "learning_rate", number<flow, &FlowSection::learning_rate>(positive),
        "Learning rate of the flow; warm-up and schedule are those of the energy's.", when(with_contrast)},
       {"flow", "likelihood_steps", whole_number<flow, &FlowSection::likelihood_steps>(0),
        "First steps, in which the flow alone is trained, by maximum likelihood, so that the game begins "
        "with "
        "samples that are like the data. The loss of these steps is -log q.",
        when(with_contrast)},
       {"flow", "updates_in_a_row", whole_number<flow, &FlowSection::updates_in_a_row>(1),
        "Most updates of the flow before the energy has its turn even above objective.accuracy_threshold: a "
        "flow that cannot follow, say between separate modes, must not keep the energy from learning.",
        when(with_contrast)}});
}

}  // namespace ebmpi::config
