// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.hpp"

namespace ebmpi::config {

/// The keys whose difference forbids continuing a run that was made with `stored` under the config `wanted`,
/// each as `network.hidden: [128, 128] in the checkpoint, [64] in the config`; empty when the run can go on.
/// Free to change are the length of the run (unless a cosine schedule or annealing depends on it), its
/// patience, its folder, how often it logs and keeps checkpoints, and where the data file lies; of infer also
/// what the estimate is made of and how an external simulator is run. How often it validates is not, since
/// that decides which parameters count as the best. Shards are compared after resolving 0.
std::vector<std::string> incompatible_keys(const RunConfig& stored, const RunConfig& wanted);

}  // namespace ebmpi::config
