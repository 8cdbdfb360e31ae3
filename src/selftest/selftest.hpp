// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"
#include "selftest/check.hpp"

namespace ebmpi::selftest {

/// Runs every check on every rank, on the device and with the threads that training would use, each rank all
/// of it, so that one bad node or GPU is found. Collective; a few seconds on one core.
std::vector<Check> run_selftest(const comm::Communicator& communicator);

/// The checks with the largest error over the ranks, where a NaN counts as the largest, and the rank that
/// found it. Collective; every rank has made the same checks.
std::vector<Check> worst_of_ranks(const comm::Communicator& communicator, std::vector<Check> checks);

}  // namespace ebmpi::selftest
