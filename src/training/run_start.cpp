// SPDX-License-Identifier: Apache-2.0
#include "training/run_start.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "config/derived.hpp"
#include "config/resume.hpp"
#include "core/error.hpp"

namespace ebmpi::training {

comm::ShardMap shard_map(const comm::Communicator& communicator, const config::RunConfig& config) {
  const std::int64_t shards = config::resolved_shards(config);
  if (communicator.size() > shards) {
    throw core::InputError(
        fmt::format("{} ranks for {} shards (a rank owns whole shards, so more ranks would idle); run with "
                    "at most {} ranks, or set "
                    "parallel.shards to at least {} in a new run (it fixes how sums are grouped and cannot "
                    "change in a resumed one)",
                    communicator.size(), shards, shards, communicator.size()));
  }
  return {shards, communicator.size(), communicator.rank()};
}

std::optional<std::string> find_checkpoint(const comm::Communicator& communicator,
                                           const io::RunFolder& folder, const RunOptions& options,
                                           const io::RunFolder::Validator& validator) {
  if (options.resume == ResumeMode::from_file) {
    communicator.together([&] {
      const std::string problem = communicator.is_root() ? validator(options.resume_file) : "";
      if (!problem.empty()) throw core::FileError(problem);
    });
    return options.resume_file;
  }
  const bool has_any = !folder.checkpoints().empty();
  if (options.resume == ResumeMode::automatic) {
    const std::optional<std::string> newest = folder.newest_valid_checkpoint(validator);
    if (newest || !has_any) return newest;
    throw core::FileError(fmt::format(
        "{} has checkpoints, but none can be read (a new run there would overwrite them); choose another "
        "--output, or move the folder away",
        folder.path()));
  }
  if (has_any) {
    throw core::InputError(
        fmt::format("{} already holds checkpoints (--resume never would overwrite a run); choose another "
                    "--output, remove the "
                    "folder, or leave out --resume to go on",
                    folder.path()));
  }
  return std::nullopt;
}

void refuse_other_config(const std::string& checkpoint, const config::RunConfig& stored,
                         const config::RunConfig& config) {
  const std::vector<std::string> differences = config::incompatible_keys(stored, config);
  if (differences.empty()) return;
  std::string text = fmt::format(
      "{} belongs to a run with another config (a resumed run must be the same run); choose another "
      "--output, or restore the keys that differ:",
      checkpoint);
  for (const std::string& difference : differences) text += "\n  " + difference;
  throw core::InputError(text);
}

void set_aside_later_checkpoints(const comm::Communicator& communicator, const io::RunFolder& folder,
                                 std::int64_t step, ResumeMode mode) {
  const std::string own = folder.checkpoint_path(step);
  for (const std::string& path : folder.checkpoints()) {
    if (std::pair(path.size(), path) <= std::pair(own.size(), own)) break;
    if (mode == ResumeMode::from_file) {
      throw core::InputError(
          fmt::format("{} holds {}, which is later than the checkpoint to go on from (the run would "
                      "overwrite it); choose another --output, or "
                      "move the later checkpoints away",
                      folder.path(), path));
    }
    communicator.together([&] {
      if (communicator.is_root()) std::filesystem::rename(path, path + ".damaged");
    });
  }
}

}  // namespace ebmpi::training
