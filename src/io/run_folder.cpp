// SPDX-License-Identifier: Apache-2.0
#include "io/run_folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "io/atomic_file.hpp"

namespace ebmpi::io {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "step-";
constexpr std::string_view suffix = ".h5";

/// The step in "step-000006000.h5".
std::optional<std::int64_t> step_of_file(std::string_view name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || step < 0) return std::nullopt;
  return step;
}

std::string checkpoint_folder(const std::string& run) {
  return run + "/checkpoints";
}

/// Newest first; a folder that is missing has none.
std::vector<std::string> list_checkpoints(const std::string& run) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  if (!fs::is_directory(checkpoint_folder(run))) return {};
  for (const auto& entry : fs::directory_iterator(checkpoint_folder(run))) {
    const std::string name = entry.path().filename().string();
    if (const auto step = step_of_file(name)) found.emplace_back(*step, checkpoint_folder(run) + "/" + name);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& [step, path] : found) paths.push_back(std::move(path));
  return paths;
}

void remove_temporary_files(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_temporary = entry.path().filename().string().find(temporary_mark) != std::string::npos;
    if (is_temporary && entry.is_regular_file()) fs::remove(entry.path());
  }
}

/// Permission bits do not tell on network file systems, so a file is created.
void check_writable(const std::string& folder) {
  const std::string probe = unique_temporary_name(folder + "/probe");
  create_new_file(probe);
  fs::remove(probe);
}

}  // namespace

RunFolder::RunFolder(const comm::Communicator& communicator, std::string path)
    : communicator_(communicator), path_(std::move(path)) {}

std::string RunFolder::checkpoint_path(std::int64_t step) const {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%09lld", static_cast<long long>(step));
  return checkpoint_folder(path_) + "/" + std::string(prefix) + digits.data() + std::string(suffix);
}

void RunFolder::create() const {
  communicator_.together([&] {
    if (!communicator_.is_root()) return;
    std::error_code error;
    fs::create_directories(checkpoint_folder(path_), error);
    if (error) {
      throw core::FileError("cannot create the run folder " + path_ + " (" + error.message() +
                            "); choose another with --output or run.output");
    }
    check_writable(path_);
    check_writable(checkpoint_folder(path_));
  });
}

std::vector<std::string> RunFolder::checkpoints() const {
  std::string joined;  // a path holds no zero byte
  communicator_.together([&] {
    if (!communicator_.is_root()) return;
    for (const std::string& path : list_checkpoints(path_)) joined += path + '\0';
  });
  joined = communicator_.broadcast(joined);
  std::vector<std::string> paths;
  for (std::size_t first = 0; first < joined.size(); first += paths.back().size() + 1) {
    paths.emplace_back(joined.c_str() + first);
  }
  return paths;
}

void RunFolder::prune(std::int64_t keep) const {
  communicator_.together([&] {
    if (!communicator_.is_root()) return;
    const auto paths = list_checkpoints(path_);
    for (std::size_t i = static_cast<std::size_t>(std::max<std::int64_t>(0, keep)); i < paths.size(); ++i) {
      fs::remove(paths[i]);
    }
    remove_temporary_files(path_);
    remove_temporary_files(checkpoint_folder(path_));
  });
}

std::optional<std::string> RunFolder::newest_valid_checkpoint(const Validator& validator) const {
  std::string valid;
  communicator_.together([&] {
    if (!communicator_.is_root()) return;
    for (const std::string& path : list_checkpoints(path_)) {
      const std::string problem = validator(path);
      if (problem.empty()) {
        valid = path;
        return;
      }
      std::fprintf(stderr, "ebmpi: skipped a checkpoint: %s\n", problem.c_str());
    }
  });
  valid = communicator_.broadcast(valid);
  if (valid.empty()) return std::nullopt;
  return valid;
}

bool RunFolder::is_run_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(checkpoint_folder(path), error);
}

std::string resolve_model(const comm::Communicator& communicator, const std::string& path) {
  std::int64_t is_folder = 0;
  communicator.together([&] {
    std::error_code error;
    is_folder = communicator.is_root() && fs::is_directory(path, error) ? 1 : 0;
  });
  communicator.broadcast(std::span(&is_folder, 1));
  if (is_folder == 0) {
    verify_model(communicator, path);
    return path;
  }
  const auto newest = RunFolder(communicator, path).newest_valid_checkpoint();
  if (!newest) {
    throw core::FileError(
        path + " has no model (a run folder has valid files in checkpoints/); train first, or name a " +
        "checkpoint file");
  }
  return *newest;
}

}  // namespace ebmpi::io
