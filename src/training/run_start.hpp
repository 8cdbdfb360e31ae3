// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "config/run_config.hpp"
#include "io/run_folder.hpp"

namespace ebmpi::training {

// How a run with a folder of its own begins, whatever it computes.

/// What an existing run folder means.
enum class ResumeMode {
  automatic,  ///< go on from its newest valid checkpoint, else start
  never,      ///< start; refuse a folder that holds checkpoints
  from_file   ///< go on from the checkpoint named
};

struct RunOptions {
  ResumeMode resume = ResumeMode::automatic;
  std::string resume_file;
  std::optional<double> time_limit_seconds;
};

/// The shards of a run. Throws core::InputError where there are more ranks than shards.
comm::ShardMap shard_map(const comm::Communicator& communicator, const config::RunConfig& config);

/// Collective. The checkpoint to go on from, if any: of those in which `validator` finds no problem. Throws
/// core::InputError and core::FileError.
std::optional<std::string> find_checkpoint(
    const comm::Communicator& communicator, const io::RunFolder& folder, const RunOptions& options,
    const io::RunFolder::Validator& validator = io::checkpoint_problem);

/// Throws core::InputError where a run with the config `stored` in `checkpoint` cannot go on with `config`.
void refuse_other_config(const std::string& checkpoint, const config::RunConfig& stored,
                         const config::RunConfig& config);

/// Collective. Checkpoints later than `step`, from which the run goes on. Those that automatic resuming
/// passed over are damaged: they get another name, or they would count among the newest and have good ones
/// pruned. Beside a checkpoint that the user named they may be good, and are not touched: throws
/// core::InputError.
void set_aside_later_checkpoints(const comm::Communicator& communicator, const io::RunFolder& folder,
                                 std::int64_t step, ResumeMode mode);

}  // namespace ebmpi::training
