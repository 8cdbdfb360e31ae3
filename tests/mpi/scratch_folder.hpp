// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "comm/communicator.hpp"
#include "io/atomic_file.hpp"

namespace ebmpi::test {

/// A new folder, the same on all ranks, that disappears with its contents when the test ends.
class ScratchFolder {
public:
  explicit ScratchFolder(const comm::Communicator& communicator) : communicator_(communicator) {
    const auto parent = std::filesystem::temp_directory_path() / "ebmpi-test";
    path_ = communicator.broadcast(communicator.is_root() ? io::unique_temporary_name(parent.string()) : "");
    if (communicator.is_root()) std::filesystem::create_directories(path_);
    communicator.barrier();
  }
  ~ScratchFolder() {
    communicator_.barrier();
    std::error_code error;
    if (communicator_.is_root()) std::filesystem::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// How many entries the folder has; all ranks see the same moment.
  int entries() const {
    communicator_.barrier();
    int count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    communicator_.barrier();
    return count;
  }

private:
  const comm::Communicator& communicator_;
  std::string path_;
};

/// The text of the Error that `work` throws; empty if it throws none.
template <class Error, class Work>
std::string error_text(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ebmpi::test
