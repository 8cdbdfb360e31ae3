// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "selftest/check.hpp"

namespace ebmpi::selftest {

/// Random numbers and exact sums, those over the ranks too. Collective.
CheckList core_checks(const comm::Communicator& communicator);
/// The network: E, ∇E, second derivatives and gradients with respect to the parameters.
CheckList network_checks();
/// Langevin chains on E = ½a‖x‖².
CheckList sampler_checks();
/// The first steps of the optimizers, and what bounds and shrinks weights.
CheckList optimizer_checks();

}  // namespace ebmpi::selftest
