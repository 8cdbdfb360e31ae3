// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "io/verify_checkpoint.hpp"

namespace ebmpi::io {

/// A run's folder: config.toml, metrics.csv and checkpoints/step-000006000.h5. Looking does not change it;
/// the members that touch the disk are collective, rank 0 acts, and errors are core::FileError on every rank.
class RunFolder {
public:
  /// What is wrong with a checkpoint, or an empty text; rank 0 alone calls it.
  using Validator = std::function<std::string(const std::string& path)>;

  RunFolder(const comm::Communicator& communicator, std::string path);

  const std::string& path() const { return path_; }
  std::string config_path() const { return path_ + "/config.toml"; }
  std::string metrics_path() const { return path_ + "/metrics.csv"; }
  std::string checkpoint_path(std::int64_t step) const;
  /// The checkpoint of the lowest validation loss; it does not count among the others.
  std::string best_checkpoint_path() const { return path_ + "/checkpoints/best.h5"; }

  /// Makes the folder and its checkpoints/ where they are missing, and checks that both can be written.
  void create() const;

  /// Paths of the checkpoints, the newest first.
  std::vector<std::string> checkpoints() const;

  /// Removes all but the `keep` newest checkpoints, and temporary files that killed runs have left. No write
  /// may be going on.
  void prune(std::int64_t keep) const;

  /// The newest checkpoint in which `validator` finds no problem; newer ones are reported on stderr and left
  /// alone.
  std::optional<std::string> newest_valid_checkpoint(const Validator& validator = checkpoint_problem) const;

  /// Whether `path` is a folder with a checkpoints/ in it. Not collective.
  static bool is_run_folder(const std::string& path);

private:
  const comm::Communicator& communicator_;
  std::string path_;
};

/// Collective. The file that MODEL means on the command line: itself, if it is a valid checkpoint or
/// combination, or the newest valid checkpoint of a run folder. Throws core::FileError where there is none.
std::string resolve_model(const comm::Communicator& communicator, const std::string& path);

}  // namespace ebmpi::io
