// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace ebmpi::io {

/// A CSV file that grows by a line at a time and survives restarts; the first column is `step`. One rank owns
/// it.
class MetricsFile {
public:
  /// Opens `path` for appending; a new file gets the header. Throws core::FileError where it cannot be
  /// written or an existing file has other columns.
  MetricsFile(std::string path, const std::vector<std::string>& columns);

  /// Keeps the header and the complete lines whose step is at most `step`: those after the checkpoint that a
  /// run resumes from are written again. -1 keeps the header alone.
  void resume_after(std::int64_t step);

  /// Writes one line (without its end) and hands it to the system. Throws core::FileError.
  void append(const std::string& line);

private:
  using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

  void open_for_appending();
  [[noreturn]] void fail() const;

  std::string path_;
  std::string header_;
  Stream stream_{nullptr, std::fclose};
};

}  // namespace ebmpi::io
