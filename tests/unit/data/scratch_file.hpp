// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace ebmpi::data {

/// A file with the given bytes that lives as long as the object.
class ScratchFile {
public:
  ScratchFile(std::string_view ending, std::string_view bytes)
      : path_(std::filesystem::temp_directory_path() / ("ebmpi-test-" + std::to_string(getpid()) + "-" +
                                                        std::to_string(number_++) + std::string(ending))) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  std::string path() const { return path_.string(); }

private:
  static inline int number_ = 0;
  std::filesystem::path path_;
};

}  // namespace ebmpi::data
