// SPDX-License-Identifier: Apache-2.0
#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::io {

namespace {

constexpr std::size_t random_digits = 16;

/// The name that the user knows.
std::string final_name(const std::string& path) {
  const std::size_t mark = path.rfind(temporary_mark);
  const bool is_temporary =
      mark != std::string::npos && mark + temporary_mark.size() + random_digits == path.size();
  return is_temporary ? path.substr(0, mark) : path;
}

[[noreturn]] void throw_cannot_write(const std::string& path, int reason) {
  throw core::FileError("cannot write " + final_name(path) + " (" + std::strerror(reason) +
                        "); check that the folder exists, may be written and has space left");
}

class Descriptor {
public:
  Descriptor(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  /// Unlike the destructor, reports what the file system only notices now.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

private:
  int number_;
};

/// Some file systems cannot sync folders (EINVAL, ENOTSUP); the rename stands there all the same.
void sync_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open()) return;
  if (::fsync(folder.number()) != 0 && errno != EINVAL && errno != ENOTSUP) throw_cannot_write(path, errno);
}

void write_all(const Descriptor& file, const std::string& text, const std::string& path) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t result = ::write(file.number(), text.data() + written, text.size() - written);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) throw_cannot_write(path, errno);
    written += static_cast<std::size_t>(result);
  }
}

}  // namespace

std::string unique_temporary_name(const std::string& path) {
  std::random_device random;
  std::array<char, random_digits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x%08x", random(), random());
  return path + std::string(temporary_mark) + digits.data();
}

void create_new_file(const std::string& path) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) throw_cannot_write(path, errno);
}

void reserve_space(const std::string& path, std::int64_t bytes) {
  const Descriptor file(path, O_WRONLY);
  if (!file.is_open()) throw_cannot_write(path, errno);
  if (::fallocate(file.number(), FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL) throw_cannot_write(path, errno);
  struct statvfs disk {};  // NFS before 4.2, and other file systems that cannot reserve
  if (::fstatvfs(file.number(), &disk) != 0) return;
  const std::uint64_t free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_bytes < static_cast<std::uint64_t>(bytes)) throw_cannot_write(path, ENOSPC);
}

void publish_file(const std::string& temporary, const std::string& path) {
  Descriptor file(temporary, O_RDONLY);
  if (!file.is_open() || ::fsync(file.number()) != 0 || !file.close()) throw_cannot_write(temporary, errno);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) throw_cannot_write(path, errno);
  sync_folder(path);
}

void replace_text_file(const std::string& path, const std::string& text) {
  const std::string temporary = unique_temporary_name(path);
  try {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open()) throw_cannot_write(path, errno);
    write_all(file, text, path);
    if (!file.close()) throw_cannot_write(path, errno);
    publish_file(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace ebmpi::io
