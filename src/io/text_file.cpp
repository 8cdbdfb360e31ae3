// SPDX-License-Identifier: Apache-2.0
#include "io/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "io/atomic_file.hpp"

namespace ebmpi::io {

std::string read_text_file_here(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  std::string text;
  std::array<char, 65536> part{};
  std::size_t length = 0;
  while (file && (length = std::fread(part.data(), 1, part.size(), file.get())) > 0)
    text.append(part.data(), length);
  if (!file || std::ferror(file.get()) != 0) {
    throw core::FileError("cannot read " + path + " (" + std::strerror(errno) +
                          "); check the path and its permissions");
  }
  return text;
}

std::string read_text_file(const comm::Communicator& communicator, const std::string& path) {
  std::string text;
  communicator.together([&] {
    if (communicator.is_root()) text = read_text_file_here(path);
  });
  return communicator.broadcast(text);
}

void write_text_file_atomic(const comm::Communicator& communicator, const std::string& path,
                            const std::string& text) {
  communicator.together([&] {
    if (communicator.is_root()) replace_text_file(path, text);
  });
}

void require_writable(const comm::Communicator& communicator, const std::string& path) {
  communicator.together([&] {
    if (!communicator.is_root()) return;
    const std::string probe = unique_temporary_name(path);
    create_new_file(probe);
    std::filesystem::remove(probe);
  });
}

}  // namespace ebmpi::io
